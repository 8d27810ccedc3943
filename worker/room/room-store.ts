import * as v from 'valibot';
import { NO_CALL, type RoomCall } from '#lib/chat/call.ts';
import { body, type Body, type Marks, type Message } from '#lib/chat/message.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { FriendshipStatus } from '#lib/chat/rpc.ts';
import { MediaStore } from './media-store.ts';
import { UNREAD_CAP, type Told } from '#lib/chat/summary.ts';
import type { ArchiveState } from './room-outgoing.ts';

type Row = { seq: number; speaker: string; id: string; at: number; body: string; revision: number };
type MarksRow = { person: string; delivered: number; read: number; revision: number; steps: string | null };

/** So many messages that do not count are worth being skipped. */
const SKIP_FROM = 500;

const COLUMNS = 'seq, speaker, id, at, body, revision';

/** A room's SQLite, and the only place with its SQL. Everything is synchronous: between two calls nothing else happens. */
export class RoomStore {
	readonly #sql: SqlStorage;
	/** Its uploads. */
	readonly media: MediaStore;
	/** A cache of the one row, which only this object writes. */
	#status: FriendshipStatus | null = null;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.media = new MediaStore(sql);
	}

	/** What was last heard of the friendship, or null when nothing was. */
	status(): FriendshipStatus | null {
		if (this.#status) return this.#status;
		const [row] = this.#sql.exec<{ open: number; epoch: number }>('SELECT open, epoch FROM status').toArray();
		if (row) this.#status = { open: row.open === 1, epoch: row.epoch };
		return this.#status;
	}

	setStatus({ open, epoch }: FriendshipStatus): void {
		this.#sql.exec('INSERT OR REPLACE INTO status (one, open, epoch) VALUES (1, ?, ?)', open ? 1 : 0, epoch);
		this.#status = { open, epoch };
	}

	/** The number of the newest message; 0 in an empty room. */
	last(): number {
		return this.#sql.exec<{ last: number }>('SELECT coalesce(max(seq), 0) AS last FROM messages').one().last;
	}

	/** The number of the latest change of anything; 0 when nothing ever changed. */
	revision(): number {
		return this.#sql
			.exec<{ revision: number }>(
				`SELECT max(
					(SELECT coalesce(max(revision), 0) FROM messages WHERE revision > 0),
					(SELECT coalesce(max(revision), 0) FROM marks)
				) AS revision`,
			)
			.one().revision;
	}

	/**
	 * Stores a message under the next number, unless its speaker has used this id before (M1).
	 * @returns the message, or null when the id is taken
	 */
	append(speaker: PersonId, id: string, what: Body, at: number): Message | null {
		const [row] = this.#sql
			.exec<{ seq: number }>(
				`INSERT INTO messages (seq, speaker, id, at, body)
				SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ? FROM messages WHERE true
				ON CONFLICT (speaker, id) DO NOTHING RETURNING seq`,
				speaker,
				id,
				at,
				JSON.stringify(what),
			)
			.toArray();
		return row ? { seq: row.seq, id, from: speaker, at, revision: 0, body: what } : null;
	}

	find(speaker: PersonId, id: string): Message | null {
		return this.#messages('speaker = ? AND id = ?', [speaker, id])[0] ?? null;
	}

	/** Puts something else in a message's place, as the room's next change. */
	replace(old: Message, what: Body): Message {
		const revision = this.revision() + 1;
		this.#sql.exec(
			'UPDATE messages SET body = ?, revision = ? WHERE seq = ?',
			JSON.stringify(what),
			revision,
			old.seq,
		);
		return { ...old, body: what, revision };
	}

	/** Up to `limit` messages just before a number, oldest first. */
	before(seq: number, limit: number): Message[] {
		return this.#messages('seq < ? ORDER BY seq DESC LIMIT ?', [seq, limit]).reverse();
	}

	/** Up to `limit` messages just after a number, oldest first. */
	after(seq: number, limit: number): Message[] {
		return this.#messages('seq > ? ORDER BY seq LIMIT ?', [seq, limit]);
	}

	/** Up to `limit` messages not newer than `upTo` that changed after a revision, in the order of their changes. */
	changed(revision: number, upTo: number, limit: number): Message[] {
		// `revision > 0` says what the parameter cannot: that the partial index has all of them
		return this.#messages('revision > 0 AND revision > ? AND seq <= ? ORDER BY revision LIMIT ?', [
			revision,
			upTo,
			limit,
		]);
	}

	/** The marks of each member that has any, if they have grown after a revision. */
	marks(revision = 0): Marks[] {
		return (
			this.#sql
				.exec<MarksRow>(
					'SELECT person, delivered, read, revision, steps FROM marks WHERE revision > ? ORDER BY person',
					revision,
				)
				.toArray()
				// Only `setMarks` writes the steps.
				.map(({ steps, ...row }) => (steps ? { ...row, steps: JSON.parse(steps) as Marks['steps'] } : row))
		);
	}

	/** Sets a member's marks, as the room's next change. */
	setMarks({ person, delivered, read, steps }: Omit<Marks, 'revision'>): Marks {
		const revision = this.revision() + 1;
		this.#sql.exec(
			'INSERT OR REPLACE INTO marks (person, delivered, read, revision, steps) VALUES (?, ?, ?, ?, ?)',
			person,
			delivered,
			read,
			revision,
			steps ? JSON.stringify(steps) : null,
		);
		return { person, delivered, read, revision, ...(steps && { steps }) };
	}

	/** The room's call: the one that is on, or the last one. */
	call(): RoomCall {
		const [row] = this.#sql.exec<{ state: string }>('SELECT state FROM call').toArray();
		return row ? (JSON.parse(row.state) as RoomCall) : NO_CALL; // only `setCall` writes it
	}

	setCall(call: RoomCall): void {
		this.#sql.exec('INSERT OR REPLACE INTO call (one, state) VALUES (1, ?)', JSON.stringify(call));
	}

	/**
	 * How many messages of others are after a member's read mark, deleted ones left out; counting stops at UNREAD_CAP. What
	 * lies before the first that counts, one's own and what is gone, is looked at once and then skipped.
	 */
	unread(member: PersonId, read: number): number {
		const from = Math.max(read, this.#clear(member));
		const { unread, first } = this.#sql
			.exec<{ unread: number; first: number | null }>(
				`SELECT count(*) FILTER (WHERE counts) AS unread, min(seq) AS first FROM (
					SELECT
						seq,
						json_extract(body, '$.kind') <> 'call'
							-- A call that both took part in is nothing to catch up on.
							OR coalesce(json_extract(body, '$.outcome') IN ('missed', 'cancelled', 'busy'), 0) AS counts
					FROM messages
					WHERE seq > ? AND speaker <> ? AND json_extract(body, '$.kind') <> 'deleted'
						-- One that is on may be missed yet.
						AND (counts OR json_extract(body, '$.outcome') IS NULL)
					LIMIT ?
				)`,
				from,
				member,
				UNREAD_CAP,
			)
			.one();
		const clear = (first ?? this.last() + 1) - 1;
		if (clear - from >= SKIP_FROM) this.#setClear(member, clear);
		return unread;
	}

	#clear(member: PersonId): number {
		const [row] = this.#sql
			.exec<{ clear: number }>('SELECT clear FROM told WHERE person = ?', member)
			.toArray();
		return row?.clear ?? 0;
	}

	#setClear(member: PersonId, clear: number): void {
		this.#sql.exec(
			`INSERT INTO told (person, acknowledged, at, failures, clear) VALUES (?, 0, 0, 0, ?)
			ON CONFLICT (person) DO UPDATE SET clear = excluded.clear`,
			member,
			clear,
		);
	}

	/** The revision of the latest change of a message, marks left out. */
	messageRevision(): number {
		return this.#sql
			.exec<{ revision: number }>(
				'SELECT coalesce(max(revision), 0) AS revision FROM messages WHERE revision > 0',
			)
			.one().revision;
	}

	/** What a member's Inbox is known to have. */
	told(member: PersonId): Told {
		const [row] = this.#sql
			.exec<{ acknowledged: number; at: number; failures: number }>(
				'SELECT acknowledged, at, failures FROM told WHERE person = ?',
				member,
			)
			.toArray();
		return row ?? { acknowledged: 0, at: 0, failures: 0 };
	}

	setTold(member: PersonId, { acknowledged, at, failures }: Told): void {
		this.#sql.exec(
			`INSERT INTO told (person, acknowledged, at, failures) VALUES (?, ?, ?, ?) ON CONFLICT (person) DO UPDATE
			SET acknowledged = excluded.acknowledged, at = excluded.at, failures = excluded.failures`,
			member,
			acknowledged,
			at,
			failures,
		);
	}

	/** What the archive is known to have. */
	archive(): ArchiveState {
		const [row] = this.#sql
			.exec<{ seq: number; revision: number; at: number; failures: number }>(
				'SELECT seq, revision, at, failures FROM archive',
			)
			.toArray();
		return row ?? { seq: 0, revision: 0, at: 0, failures: 0 };
	}

	setArchive({ seq, revision, at, failures }: ArchiveState): void {
		this.#sql.exec(
			'INSERT OR REPLACE INTO archive (one, seq, revision, at, failures) VALUES (1, ?, ?, ?, ?)',
			seq,
			revision,
			at,
			failures,
		);
	}

	#messages(where: string, bound: (string | number)[]): Message[] {
		return this.#sql
			.exec<Row>(`SELECT ${COLUMNS} FROM messages WHERE ${where}`, ...bound)
			.toArray()
			.map(({ speaker, body: json, ...row }) => ({
				...row,
				from: speaker,
				body: v.parse(body, JSON.parse(json)),
			}));
	}
}
