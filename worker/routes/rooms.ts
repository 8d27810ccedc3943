import type { Context } from 'hono';
import { friendIn, parseRoomName } from '#lib/chat/room-name.ts';
import type { Env } from '../env.ts';
import { openSocket } from './upgrade.ts';

/**
 * The door of a room (rules D1 and D2). The object behind it is touched only for one of the two people in the room's name,
 * and then decides whether the room is open.
 */
export function openRoom(c: Context<{ Bindings: Env }>): Promise<Response> {
	return openSocket(c, (person) => {
		const named = parseRoomName(c.req.param('room') ?? '');
		if (!named || friendIn(named.room, person) === null) return null;
		return { object: c.env.ROOMS.getByName(named.room), room: named.room };
	});
}
