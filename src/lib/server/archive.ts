import { sql } from 'drizzle-orm';
import type { Message } from '#lib/chat/message.ts';
import type { RoomName } from '#lib/chat/room-name.ts';
import type { Db } from './db/client.ts';

/** Messages in one batch: one statement, one round trip. */
export const ARCHIVE_BATCH = 500;

/**
 * Writes a part of a room's log to the archive (rule A1): new entries are inserted, known ones replaced only by a higher
 * revision, so that a late batch never brings deleted text back. Doing it twice does it once.
 * @param messages any entries of the room, at most ARCHIVE_BATCH
 */
export async function write(db: Db, room: RoomName, messages: readonly Message[]): Promise<void> {
	if (messages.length === 0) return;
	const rows = JSON.stringify(messages);
	const latest = Math.max(...messages.map(({ at }) => at));
	// A room without a friendship is one whose people were deleted: there is nothing left to keep it for.
	await db.execute(sql`
		with written as (
			insert into messages (room, seq, id, speaker, at, revision, body)
			select f.room, m.seq, m.id, m."from", to_timestamp(m.at / 1000), m.revision, m.body
			from jsonb_to_recordset(${rows}::jsonb)
				as m(seq bigint, id text, "from" text, at double precision, revision bigint, body jsonb)
			join friendships f on f.room = ${room}
			on conflict (room, seq) do update set body = excluded.body, revision = excluded.revision
			where messages.revision < excluded.revision
		)
		update friendships set last_message_at = to_timestamp(${latest}::double precision / 1000)
		where room = ${room}
			and (last_message_at is null or last_message_at < to_timestamp(${latest}::double precision / 1000))
	`);
}

/** An entry as the archive has it. */
export type Archived = Pick<Message, 'seq' | 'id' | 'from' | 'at' | 'revision' | 'body'>;

/** Reads a part of the archive back, oldest first, for comparing it with the log. */
export async function read(db: Db, room: RoomName, after: number, limit: number): Promise<Archived[]> {
	const { rows } = await db.execute(sql`
		select seq::int as seq, id, speaker as "from", round(extract(epoch from at) * 1000)::float8 as at,
			revision::int as revision, body
		from messages where room = ${room} and seq > ${after} order by seq limit ${limit}
	`);
	return rows as unknown as Archived[];
}

export type Difference = { room: RoomName; seq: number; what: 'missing' | 'extra' | 'differs' };

/**
 * Compares a part of the log with the same part of the archive.
 * @returns where they differ: the archive lacks an entry, has one too many, or has another content
 */
export function compare(
	room: RoomName,
	log: readonly Archived[],
	archive: readonly Archived[],
): Difference[] {
	const kept = new Map(archive.map((entry) => [entry.seq, entry]));
	const differences: Difference[] = [];
	for (const entry of log) {
		const copy = kept.get(entry.seq);
		kept.delete(entry.seq);
		if (!copy) differences.push({ room, seq: entry.seq, what: 'missing' });
		else if (essence(copy) !== essence(entry)) differences.push({ room, seq: entry.seq, what: 'differs' });
	}
	for (const seq of kept.keys()) differences.push({ room, seq, what: 'extra' });
	return differences.sort((one, other) => one.seq - other.seq);
}

/** What must be equal, in an order that does not depend on who wrote it: jsonb sorts its keys. */
const essence = ({ seq, id, from, at, revision, body }: Archived): string =>
	JSON.stringify([seq, id, from, at, revision, Object.entries(body).sort()]);
