import type { RoomName } from '#lib/chat/room-name.ts';

/** Sessions that have ended, and where the others were: part of InboxStore. */
export class SessionStore {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
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
}
