import * as invitations from '#lib/server/invitations.ts';
import { signedIn } from './signed-in.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, depends }) => {
	const { id, username, name } = signedIn(locals);
	depends('kith:unseen');
	return { me: { id, username, name }, unseen: await invitations.unseen(locals.db, id) };
};
