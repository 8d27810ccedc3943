import { and, desc, eq, lt, or, sql } from 'drizzle-orm';
import * as v from 'valibot';
import { body, type Body } from '#lib/chat/message.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { Db } from './db/client.ts';
import { friendships, messages, people } from './db/schema.ts';
import { personColumns, type Person } from './person.ts';

export type CallBody = Extract<Body, { kind: 'call' }>;

/** A call as the log has it, with whom it was. */
export interface PastCall {
	room: RoomName;
	id: string;
	friend: Person;
	/** Are they still friends, so that they can be called back? */
	open: boolean;
	mine: boolean;
	/** ms since 1970 */
	at: number;
	body: CallBody;
}

/** Calls on one page. */
const PAGE = 50;

/**
 * Somebody's calls, newest first, from the archive: one that was only just made may not be there yet.
 * @param before only calls before this moment
 */
export async function list(
	db: Db,
	meId: PersonId,
	before?: Date,
): Promise<{ calls: PastCall[]; more: boolean }> {
	const mine = or(eq(friendships.personA, meId), eq(friendships.personB, meId));
	const friend = sql`case when ${friendships.personA} = ${meId} then ${friendships.personB} else ${friendships.personA} end`;
	const rows = await db
		.select({
			room: messages.room,
			id: messages.id,
			speaker: messages.speaker,
			at: messages.at,
			body: messages.body,
			endedAt: friendships.endedAt,
			friend: personColumns,
		})
		.from(friendships)
		.innerJoin(
			messages,
			and(eq(messages.room, friendships.room), sql`(${messages.body} ->> 'kind') = 'call'`),
		)
		.innerJoin(people, eq(people.id, friend))
		.where(and(mine, before && lt(messages.at, before)))
		.orderBy(desc(messages.at), messages.room, desc(messages.seq))
		.limit(PAGE + 1);
	const calls = rows.slice(0, PAGE).flatMap(({ speaker, at, endedAt, body: kept, ...row }): PastCall[] => {
		const read = v.safeParse(body, kept);
		if (!read.success || read.output.kind !== 'call') return [];
		return [{ ...row, open: endedAt === null, mine: speaker === meId, at: at.getTime(), body: read.output }];
	});
	return { calls, more: rows.length > PAGE };
}
