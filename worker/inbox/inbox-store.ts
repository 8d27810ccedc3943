import type { ChatRow, Friend, RoomCallFrame } from '#lib/chat/inbox-protocol.ts';
import type { Presence } from '#lib/chat/presence.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';
import type { Summary } from '#lib/chat/summary.ts';

/** The row `self`. Times in ms since 1970. */
export interface Self {
	refreshWanted: number;
	refreshDone: number;
	refreshedAt: number;
	unseen: number;
	lastActivity: number;
	leftAt: number | null;
	told: PresenceReport;
	savedActivity: number;
	savedAt: number;
}

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

/** The only place with an Inbox's SQL. Everything is synchronous and bound; nothing is kept in fields. */
export class InboxStore {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	self(): Self {
		const row = this.#sql.exec('SELECT * FROM self').one();
		return {
			refreshWanted: Number(row.refresh_wanted),
			refreshDone: Number(row.refresh_done),
			refreshedAt: Number(row.refreshed_at),
			unseen: Number(row.unseen),
			lastActivity: Number(row.last_activity),
			leftAt: row.left_at === null ? null : Number(row.left_at),
			told: {
				active: row.told_active === 1,
				at: Number(row.told_at),
				revision: Number(row.told_revision),
			},
			savedActivity: Number(row.saved_activity),
			savedAt: Number(row.saved_at),
		};
	}

	wantRefresh(): void {
		this.#sql.exec('UPDATE self SET refresh_wanted = refresh_wanted + 1');
	}

	refreshed(ticket: number, unseen: number, now: number): void {
		this.#sql.exec(
			'UPDATE self SET refresh_done = max(refresh_done, ?), unseen = ?, refreshed_at = ?',
			ticket,
			unseen,
			now,
		);
	}

	activity(at: number): void {
		this.#sql.exec('UPDATE self SET last_activity = ? WHERE last_activity < ?', at, at);
	}

	left(at: number | null): void {
		this.#sql.exec('UPDATE self SET left_at = ? WHERE left_at IS NOT ?', at, at);
	}

	tell({ active, at, revision }: PresenceReport): void {
		this.#sql.exec(
			'UPDATE self SET told_active = ?, told_at = ?, told_revision = ?',
			active ? 1 : 0,
			at,
			revision,
		);
	}

	saved(activity: number, now: number): void {
		this.#sql.exec('UPDATE self SET saved_activity = ?, saved_at = ?', activity, now);
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

	/** Open friends we watch or do not watch. */
	friends(watching: boolean): PersonId[] {
		return this.#sql
			.exec('SELECT friend FROM rooms WHERE open = 1 AND watching = ?', watching ? 1 : 0)
			.toArray()
			.map((row) => String(row.friend));
	}

	/** Whoever we watch, former friends included. */
	watched(): PersonId[] {
		return this.#sql
			.exec('SELECT friend FROM rooms WHERE watching = 1')
			.toArray()
			.map((row) => String(row.friend));
	}

	/** @param report null to forget what was known */
	watch(friend: PersonId, watching: boolean, report: PresenceReport | null): void {
		this.#sql.exec(
			'UPDATE rooms SET watching = ?, friend_active = ?, friend_at = ?, friend_revision = ? WHERE friend = ?',
			watching ? 1 : 0,
			report ? (report.active ? 1 : 0) : null,
			report?.at ?? null,
			report?.revision ?? null,
			friend,
		);
	}

	presenceOf(friend: PersonId): PresenceReport | null {
		const [row] = this.#sql
			.exec(
				'SELECT friend_active, friend_at, friend_revision FROM rooms WHERE friend = ? AND friend_revision IS NOT NULL',
				friend,
			)
			.toArray();
		return row
			? {
					active: row.friend_active === 1,
					at: Number(row.friend_at),
					revision: Number(row.friend_revision),
				}
			: null;
	}

	presences(): ({ person: PersonId } & Presence)[] {
		return this.#sql
			.exec(
				'SELECT friend, friend_active, friend_at FROM rooms WHERE open = 1 AND friend_revision IS NOT NULL',
			)
			.toArray()
			.map((row) => ({
				person: String(row.friend),
				active: row.friend_active === 1,
				at: Number(row.friend_at),
			}));
	}

	subscribe(person: PersonId, confirmed: number): void {
		this.#sql.exec(
			`INSERT INTO subscribers (person, confirmed) VALUES (?, ?)
			ON CONFLICT (person) DO UPDATE SET confirmed = excluded.confirmed WHERE confirmed < excluded.confirmed`,
			person,
			confirmed,
		);
	}

	unsubscribe(person: PersonId): void {
		this.#sql.exec('DELETE FROM subscribers WHERE person = ?', person);
	}

	subscribers(): { person: PersonId; confirmed: number }[] {
		return this.#sql
			.exec('SELECT person, confirmed FROM subscribers')
			.toArray()
			.map((row) => ({ person: String(row.person), confirmed: Number(row.confirmed) }));
	}

	confirmed(person: PersonId, revision: number): void {
		this.#sql.exec(
			'UPDATE subscribers SET confirmed = ? WHERE person = ? AND confirmed < ?',
			revision,
			person,
			revision,
		);
	}

	revoke(session: string, now: number, forgetBefore: number): void {
		this.#sql.exec('DELETE FROM revoked WHERE at < ?', forgetBefore);
		this.#sql.exec('INSERT OR IGNORE INTO revoked (session, at) VALUES (?, ?)', session, now);
	}

	isRevoked(session: string): boolean {
		return this.#sql.exec('SELECT 1 FROM revoked WHERE session = ?', session).toArray().length > 0;
	}

	/** A session is about to open a socket of a room. */
	enter(session: string, room: RoomName, now: number): void {
		this.#sql.exec('INSERT OR IGNORE INTO entered (session, room, at) VALUES (?, ?, ?)', session, room, now);
	}

	/** The rooms that a session has entered and not been put out of. */
	entered(session: string): RoomName[] {
		return this.#sql
			.exec('SELECT room FROM entered WHERE session = ? ORDER BY room', session)
			.toArray()
			.map(({ room }) => String(room));
	}

	leave(session: string, room: RoomName): void {
		this.#sql.exec('DELETE FROM entered WHERE session = ? AND room = ?', session, room);
	}

	/** Forgets where sessions were that have run out by themselves. */
	forgetEntered(before: number): void {
		this.#sql.exec('DELETE FROM entered WHERE at < ?', before);
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
