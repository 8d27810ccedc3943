import { json, type RequestHandler } from '@sveltejs/kit';
import { friendIn, parseRoomName } from '#lib/chat/room-name.ts';
import * as friends from '#lib/server/friends.ts';
import { problem } from '../problem.ts';

/**
 * Who is signed in here, and with `?room=` how it stands with that room: a browser is not told why a socket was
 * refused, so its client asks here.
 */
export const GET: RequestHandler = async ({ locals, url }) => {
	if (!locals.me) return problem(401, 'signed_out', 'Nobody is signed in.');
	const asked = url.searchParams.get('room');
	const answer = { person: locals.me.id, ...(asked === null ? {} : { room: await standing(asked) }) };
	return json(answer, { headers: { 'cache-control': 'no-store' } });

	async function standing(name: string): Promise<'open' | 'ended' | 'none'> {
		const me = locals.me?.id ?? '';
		const room = parseRoomName(name)?.room;
		if (!room || friendIn(room, me) === null) return 'none';
		const friendship = await friends.inRoom(locals.db, me, room);
		return friendship ? (friendship.open ? 'open' : 'ended') : 'none';
	}
};
