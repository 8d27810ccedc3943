import * as pastCalls from '#lib/server/past-calls.ts';
import { signedIn } from '../signed-in.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const before = Number(url.searchParams.get('before'));
	const known = before > 0 && before < 8.64e15;
	return pastCalls.list(locals.db, signedIn(locals).id, known ? new Date(before) : undefined);
};
