import { asc, eq, or, sql } from 'drizzle-orm';
import { friendIn, parseRoomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import type { FriendshipStatus } from '#lib/chat/rpc.ts';
import type { Db } from './db/client.ts';
import { friendships, people } from './db/schema.ts';
import * as pair from './pair.ts';
import { personColumns, type Person } from './person.ts';

export interface Friendship {
	person: Person;
	room: RoomName;
	/** When it was opened, the last time if it was more than once. */
	since: Date;
	/** Null while it is open. */
	endedAt: Date | null;
}

const friendshipsOf = (meId: PersonId) => or(eq(friendships.personA, meId), eq(friendships.personB, meId));
const friendOf = (meId: PersonId) =>
	eq(
		people.id,
		sql`case when ${friendships.personA} = ${meId} then ${friendships.personB} else ${friendships.personA} end`,
	);

/** Friends and former friends, in the order of becoming friends. */
export async function list(db: Db, meId: PersonId): Promise<Friendship[]> {
	return db
		.select({
			person: personColumns,
			room: friendships.room,
			since: friendships.openedAt,
			endedAt: friendships.endedAt,
		})
		.from(friendships)
		.innerJoin(people, friendOf(meId))
		.where(friendshipsOf(meId))
		.orderBy(asc(friendships.openedAt), friendships.room);
}

/**
 * The friend in a room, and whether it is open or only to be read.
 * @param room as it came in a URL: in either order, or nonsense
 * @returns null when it is not a room of mine, or was never opened
 */
export async function inRoom(
	db: Db,
	meId: PersonId,
	room: string,
): Promise<{ person: Person; room: RoomName; open: boolean } | null> {
	const named = parseRoomName(room);
	const friend = named && friendIn(named.room, meId);
	if (!friend) return null;
	const [found] = await db
		.select({ person: personColumns, room: friendships.room, endedAt: friendships.endedAt })
		.from(friendships)
		.innerJoin(people, eq(people.id, friend))
		.where(eq(friendships.room, named.room));
	return found ? { person: found.person, room: found.room, open: found.endedAt === null } : null;
}

/** Ends a friendship. Twice is once; `gone` is a room that is not mine or was never opened. */
export async function end(
	db: Db,
	meId: PersonId,
	room: string,
	now: Date,
): Promise<{ ok: true; room: RoomName } | { ok: false; code: 'gone' }> {
	const named = parseRoomName(room);
	if (!named || friendIn(named.room, meId) === null) return { ok: false, code: 'gone' };
	const [, , known] = await db.batch([
		pair.lock(db, named.room),
		pair.close(db, named.room, now),
		db.select({ room: friendships.room }).from(friendships).where(eq(friendships.room, named.room)),
	]);
	return known.length > 0 ? { ok: true, room: named.room } : { ok: false, code: 'gone' };
}

/** What the Room must know on its first use: null when these two were never friends. */
export async function status(db: Db, room: RoomName): Promise<FriendshipStatus | null> {
	const [found] = await db
		.select({ endedAt: friendships.endedAt, epoch: friendships.epoch })
		.from(friendships)
		.where(eq(friendships.room, room));
	return found ? { open: found.endedAt === null, epoch: found.epoch } : null;
}
