import { sql } from 'drizzle-orm';
import * as v from 'valibot';
import { PAGE_MAX } from '#lib/chat/limits.ts';
import { parseRoomName, type RoomName } from '#lib/chat/room-name.ts';
import type { Rooms } from '#lib/chat/rpc.ts';
import * as archive from './archive.ts';
import type { Db } from './db/client.ts';

/** Parts of PAGE_MAX entries that one call compares: each asks a room and the database once. */
const PARTS = 40;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Where a comparison goes on: in this room, after this number. */
export const place = v.object({ room: v.string(), after: count });
export type Place = v.InferOutput<typeof place>;

/** What one call has compared. */
export const compared = v.object({
	/** Rooms that were compared to their end, and entries of logs that were looked at. */
	rooms: count,
	entries: count,
	differences: v.array(
		v.object({ room: v.string(), seq: count, what: v.picklist(['missing', 'extra', 'differs']) }),
	),
	/** Where to go on, or null when every room has been compared. */
	next: v.nullable(place),
});
export type Compared = v.InferOutput<typeof compared>;

/**
 * Compares rooms' logs with the archive (rule A1), as far as one call should go. What was said within the last seconds is
 * on its way and shows as a difference: look at such a room again before you believe it.
 * @param from where the call before this one stopped
 * @param only this room and no other
 */
export async function compare(
	db: Db,
	rooms: Pick<Rooms, 'getByName'>,
	from: Place | null,
	only?: RoomName,
): Promise<Compared> {
	const result: Compared = { rooms: 0, entries: 0, differences: [], next: null };
	const names = only === undefined ? await roomsFrom(db, from?.room ?? '') : [only];
	let parts = 0;
	for (const room of names) {
		let after: number | null = room === from?.room ? from.after : 0;
		while (after !== null) {
			if (parts++ === PARTS) return { ...result, next: { room, after } };
			after = await comparePart(db, rooms, room, after, result);
		}
		result.rooms++;
	}
	return result;
}

/** @returns the number after which to go on, or null at the end of the room */
async function comparePart(
	db: Db,
	rooms: Pick<Rooms, 'getByName'>,
	room: RoomName,
	after: number,
	result: Compared,
): Promise<number | null> {
	const reader = parseRoomName(room)?.members[0];
	if (reader === undefined) return null;
	const log = (await rooms.getByName(room).history(reader, { after, limit: PAGE_MAX })).messages;
	const kept = await archive.read(db, room, after, PAGE_MAX);
	// Of both no further than the one that was cut reaches.
	const ends = [log, kept].filter((part) => part.length === PAGE_MAX).map((part) => part.at(-1)!.seq);
	const upTo = ends.length > 0 ? Math.min(...ends) : null;
	const within = <Entry extends { seq: number }>(part: readonly Entry[]) =>
		upTo === null ? part : part.filter(({ seq }) => seq <= upTo);
	result.entries += within(log).length;
	result.differences.push(...archive.compare(room, within(log), within(kept)));
	return upTo;
}

/** The names of rooms in their order, this one included: one more than one call can compare, so that it stops before the last. */
async function roomsFrom(db: Db, first: string): Promise<RoomName[]> {
	const { rows } = await db.execute(
		sql`select room from friendships where room >= ${first} order by room limit ${PARTS + 1}`,
	);
	return v.parse(v.array(v.object({ room: v.string() })), rows).map(({ room }) => room);
}
