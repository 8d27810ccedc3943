import type { ChatRow, Friend, RoomCallFrame } from '#lib/chat/inbox-protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { Summary } from '#lib/chat/summary.ts';
import { PresenceStore } from './presence-store.ts';
import { SelfStore } from './self-store.ts';
import { SessionStore } from './session-store.ts';

/** A friendship as Postgres says. */
export interface Friendship {
	room: RoomName;
	friend: Friend;
	open: boolean;
	since: number;
	muted: boolean;
}

/** An invitation that stands, by me or to me. */
export interface Invitation {
	person: Friend;
	room: RoomName;
	mine: boolean;
}

export interface Retry {
	failures: number;
	at: number;
}

type Row = Record<string, SqlStorageValue>;

/** The only place with an Inbox's SQL, with its parts. Everything is synchronous and bound; nothing is kept in fields. */
export class InboxStore {
	readonly #sql: SqlStorage;
	readonly self: SelfStore;
	readonly presence: PresenceStore;
	readonly sessions: SessionStore;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		this.self = new SelfStore(sql);
		this.presence = new PresenceStore(sql);
		this.sessions = new SessionStore(sql);
	}

	/** Every line of the chats list, ended friendships included, in no particular order. */
	chats(): ChatRow[] {
		return this.#sql
			.exec('SELECT rooms.*, summaries.row FROM rooms LEFT JOIN summaries USING (room)')
			.toArray()
			.map(chatRow);
	}

	chat(room: RoomName): ChatRow | null {
		const [row] = this.#sql
			.exec('SELECT rooms.*, summaries.row FROM rooms LEFT JOIN summaries USING (room) WHERE room = ?', room)
			.toArray();
		return row ? chatRow(row) : null;
	}

	/** The revision that is known of a room's call. */
	callRevision(room: RoomName): number {
		const [row] = this.#sql
			.exec<{ revision: number }>('SELECT revision FROM calls WHERE room = ?', room)
			.toArray();
		return row?.revision ?? 0;
	}

	/** @param until when it has run out, should nobody tell more of it */
	putCall(told: RoomCallFrame, until: number): void {
		this.#sql.exec(
			'INSERT OR REPLACE INTO calls (room, revision, told, until) VALUES (?, ?, ?, ?)',
			told.room,
			told.revision,
			JSON.stringify(told),
			until,
		);
	}

	/** Calls that ring or are on. */
	calls(now: number): RoomCallFrame[] {
		return this.#sql
			.exec<{ told: string }>('SELECT told FROM calls WHERE until > ?', now)
			.toArray()
			.map(({ told }) => JSON.parse(told) as RoomCallFrame); // only `putCall` writes it
	}

	friend(person: PersonId): { room: RoomName; open: boolean; watching: boolean } | null {
		const [row] = this.#sql.exec('SELECT room, open, watching FROM rooms WHERE friend = ?', person).toArray();
		return row ? { room: String(row.room), open: row.open === 1, watching: row.watching === 1 } : null;
	}

	putFriendship({ room, friend, open, since, muted }: Friendship): void {
		this.#sql.exec(
			`INSERT INTO rooms (room, friend, username, name, open, since, muted, avatar) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (room) DO UPDATE SET username = excluded.username, name = excluded.name, open = excluded.open,
				since = excluded.since, muted = excluded.muted, avatar = excluded.avatar`,
			room,
			friend.id,
			friend.username,
			friend.name,
			open ? 1 : 0,
			since,
			muted ? 1 : 0,
			friend.avatar ?? null,
		);
	}

	dropFriendship(room: RoomName): void {
		this.#sql.exec('DELETE FROM rooms WHERE room = ?', room);
		this.#sql.exec('DELETE FROM summaries WHERE room = ?', room);
	}

	summary(room: RoomName): { row: Summary; got: number } | null {
		const [row] = this.#sql.exec('SELECT row, got FROM summaries WHERE room = ?', room).toArray();
		// Written by putSummary alone, which takes what was parsed on its way in.
		return row ? { row: JSON.parse(String(row.row)) as Summary, got: Number(row.got) } : null;
	}

	putSummary(row: Summary): void {
		this.#sql.exec(
			`INSERT INTO summaries (room, revision, row) VALUES (?, ?, ?)
			ON CONFLICT (room) DO UPDATE SET revision = excluded.revision, row = excluded.row
			WHERE excluded.revision > summaries.revision`,
			row.room,
			row.revision,
			JSON.stringify(row),
		);
	}

	pulled(room: RoomName): void {
		this.#sql.exec('UPDATE rooms SET pulled = 1 WHERE room = ? AND pulled = 0', room);
	}

	/** Rooms whose line nobody has told yet. */
	unpulled(): RoomName[] {
		return this.#sql
			.exec(
				`SELECT room FROM rooms WHERE pulled = 0 AND NOT EXISTS (SELECT 1 FROM summaries WHERE summaries.room = rooms.room)`,
			)
			.toArray()
			.map((row) => String(row.room));
	}

	got(room: RoomName, seq: number): void {
		this.#sql.exec('UPDATE summaries SET got = ? WHERE room = ? AND got < ?', seq, room, seq);
	}

	gotConfirmed(room: RoomName, seq: number): void {
		this.#sql.exec(
			'UPDATE summaries SET got_confirmed = ? WHERE room = ? AND got_confirmed < ?',
			seq,
			room,
			seq,
		);
	}

	/** Delivered marks that the rooms do not know yet. */
	unconfirmed(): { room: RoomName; seq: number }[] {
		return this.#sql
			.exec('SELECT room, got FROM summaries WHERE got > got_confirmed')
			.toArray()
			.map((row) => ({ room: String(row.room), seq: Number(row.got) }));
	}

	invitations(): Invitation[] {
		return this.#sql
			.exec('SELECT * FROM invitations')
			.toArray()
			.map((row) => ({
				person: { id: String(row.person), username: String(row.username), name: String(row.name) },
				room: String(row.room),
				mine: row.mine === 1,
			}));
	}

	putInvitation({ person, room, mine }: Invitation): void {
		this.#sql.exec(
			'INSERT OR REPLACE INTO invitations (person, mine, username, name, room) VALUES (?, ?, ?, ?, ?)',
			person.id,
			mine ? 1 : 0,
			person.username,
			person.name,
			room,
		);
	}

	dropInvitation({ person, mine }: Invitation): void {
		this.#sql.exec('DELETE FROM invitations WHERE person = ? AND mine = ?', person.id, mine ? 1 : 0);
	}

	retry(call: string): Retry | null {
		const [row] = this.#sql.exec('SELECT failures, at FROM retries WHERE call = ?', call).toArray();
		return row ? { failures: Number(row.failures), at: Number(row.at) } : null;
	}

	putRetry(call: string, { failures, at }: Retry): void {
		this.#sql.exec(
			'INSERT OR REPLACE INTO retries (call, failures, at) VALUES (?, ?, ?)',
			call,
			failures,
			at,
		);
	}

	dropRetry(call: string): void {
		this.#sql.exec('DELETE FROM retries WHERE call = ?', call);
	}
}

function chatRow(row: Row): ChatRow {
	return {
		room: String(row.room),
		friend: {
			id: String(row.friend),
			username: String(row.username),
			name: String(row.name),
			...(row.avatar === null ? {} : { avatar: String(row.avatar) }),
		},
		open: row.open === 1,
		since: Number(row.since),
		muted: row.muted === 1,
		summary: row.row === null ? null : (JSON.parse(String(row.row)) as Summary),
	};
}
