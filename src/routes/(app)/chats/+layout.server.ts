import * as friends from '#lib/server/friends.ts';
import { signedIn } from '../signed-in.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals, depends }) => {
	const me = signedIn(locals);
	depends('kith:friends');
	const all = await friends.list(locals.db, me.id);
	return {
		chats: all.filter(({ endedAt }) => endedAt === null).map(({ person, room }) => ({ person, room })),
	};
};
