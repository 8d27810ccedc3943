import * as friends from '#lib/server/friends.ts';
import type { Asked } from '../../endpoint.ts';
import { problem } from '../../problem.ts';

/** The room that the URL names, when I am one of its two, or the answer that there is none (D2). */
export async function roomOf({ event, me }: Asked<unknown>) {
	const { db, rooms } = event.locals;
	const found = await friends.inRoom(db, me.id, event.params.room ?? '');
	if (!found) return problem(404, 'unknown_room', 'There is no such room.');
	return { open: found.open, rpc: rooms.getByName(found.room) };
}
