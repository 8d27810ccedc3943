import * as friends from '#lib/server/friends.ts';
import { signedIn } from '../signed-in.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, depends }) => {
	const me = signedIn(locals);
	depends('kith:friends');
	const all = (await friends.list(locals.db, me.id)).map(({ person, room, endedAt }) => ({
		...person,
		room,
		ended: endedAt !== null,
	}));
	return { contacts: all.filter(({ ended }) => !ended), former: all.filter(({ ended }) => ended) };
};
