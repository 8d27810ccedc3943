import * as people from '#lib/server/people.ts';
import { invitationActions } from '../invitation-actions.ts';
import { signedIn } from '../../signed-in.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const me = signedIn(locals);
	const query = (url.searchParams.get('q') ?? '').trim().slice(0, 100);
	return { query, found: query ? await people.search(locals.db, me.id, query) : [] };
};

export const actions: Actions = invitationActions;
