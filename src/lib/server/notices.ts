import { and, asc, eq, gt, inArray } from 'drizzle-orm';
import * as v from 'valibot';
import type { RoomName } from '#lib/chat/room-name.ts';
import type { FriendshipStatus, Rooms } from '#lib/chat/rpc.ts';
import type { Db } from './db/client.ts';
import { notices } from './db/schema.ts';

/*
 * What the objects must still be told after a change in the database: see pair.ts for who writes it. Each notice says
 * how things are, so telling it twice or in the wrong order does no harm.
 */

const PAGE = 100;

const status = v.object({ open: v.boolean(), epoch: v.number() });

/**
 * Tells the rooms, and forgets what has arrived. A room that cannot be told is asked again the next time, and keeps
 * nobody else from being told.
 * @param onlyRoom after a change to one room, only its notices
 * @param failed is told of every room that could not be reached
 * @returns how many notices arrived
 */
export async function deliver(
	db: Db,
	rooms: Pick<Rooms, 'getByName'>,
	onlyRoom?: RoomName,
	failed: (room: RoomName, error: unknown) => void = () => {},
): Promise<number> {
	let delivered = 0;
	let last = 0;
	for (;;) {
		const page = await db
			.select({ id: notices.id, room: notices.name, payload: notices.payload })
			.from(notices)
			.where(
				and(
					eq(notices.target, 'room'),
					gt(notices.id, last),
					onlyRoom === undefined ? undefined : eq(notices.name, onlyRoom),
				),
			)
			.orderBy(asc(notices.id))
			.limit(PAGE);
		const arrived = (await Promise.all(page.map((notice) => tell(rooms, notice, failed)))).filter(
			(id) => id !== null,
		);
		if (arrived.length > 0) await db.delete(notices).where(inArray(notices.id, arrived));
		delivered += arrived.length;
		if (page.length < PAGE) return delivered;
		last = page[page.length - 1]!.id;
	}
}

async function tell(
	rooms: Pick<Rooms, 'getByName'>,
	{ id, room, payload }: { id: number; room: RoomName; payload: unknown },
	failed: (room: RoomName, error: unknown) => void,
): Promise<number | null> {
	try {
		const told: FriendshipStatus = v.parse(status, payload);
		await rooms.getByName(room).setStatus(told);
		return id;
	} catch (error) {
		failed(room, error);
		return null;
	}
}
