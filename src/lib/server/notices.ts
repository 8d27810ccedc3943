import { and, asc, gt, inArray } from 'drizzle-orm';
import * as v from 'valibot';
import { parseRoomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import type { Inboxes } from '#lib/chat/rpc-inbox.ts';
import type { FriendshipStatus, Rooms } from '#lib/chat/rpc.ts';
import type { Db } from './db/client.ts';
import { notices } from './db/schema.ts';

/*
 * What the objects must still be told after a change in the database: see pair.ts for who writes it. Each notice says
 * how things are, so telling it twice or in the wrong order does no harm.
 */

const PAGE = 100;

const status = v.object({ open: v.boolean(), epoch: v.number() });
/** Sessions of a person that have ended: see sessions.ts. */
const ended = v.object({ ended: v.array(v.string()), because: v.picklist(['session_revoked', 'suspended']) });

/** Who can be told: rooms how their friendship is, Inboxes that something of their person's is another than before. */
export interface Told {
	rooms: Pick<Rooms, 'getByName'>;
	inboxes: Pick<Inboxes, 'getByName'>;
}

interface Notice {
	id: number;
	target: string;
	name: string;
	payload: unknown;
}

/**
 * Tells the objects, and forgets what has arrived. One that cannot be told is asked again the next time, and keeps nobody
 * else from being told.
 * @param only after a change to one room, only its notices and those to the two people it is of; after one to a person, only theirs
 * @param failed is told of every object that could not be reached
 * @returns how many notices arrived
 */
export async function deliver(
	db: Db,
	objects: Told,
	only?: RoomName | PersonId,
	failed: (target: string, error: unknown) => void = () => {},
): Promise<number> {
	const names = only === undefined ? undefined : [only, ...(parseRoomName(only)?.members ?? [])];
	let delivered = 0;
	let last = 0;
	for (;;) {
		const page = await db
			.select({ id: notices.id, target: notices.target, name: notices.name, payload: notices.payload })
			.from(notices)
			.where(and(gt(notices.id, last), names && inArray(notices.name, names)))
			.orderBy(asc(notices.id))
			.limit(PAGE);
		const arrived = (await Promise.all(page.map((notice) => tell(objects, notice, failed)))).filter(
			(id) => id !== null,
		);
		if (arrived.length > 0) await db.delete(notices).where(inArray(notices.id, arrived));
		delivered += arrived.length;
		if (page.length < PAGE) return delivered;
		last = page[page.length - 1]!.id;
	}
}

async function tell(
	{ rooms, inboxes }: Told,
	{ id, target, name, payload }: Notice,
	failed: (target: string, error: unknown) => void,
): Promise<number | null> {
	try {
		if (target === 'inbox') {
			const gone = v.safeParse(ended, payload);
			if (gone.success) await inboxes.getByName(name).revoke(gone.output.ended, gone.output.because);
			else await inboxes.getByName(name).refresh();
		} else {
			const told: FriendshipStatus = v.parse(status, payload);
			await rooms.getByName(name).setStatus(told);
		}
		return id;
	} catch (error) {
		failed(name, error);
		return null;
	}
}
