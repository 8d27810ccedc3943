import type { Presence } from '#lib/chat/presence.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';

/** Who watches whom, and what was last told of friends: part of InboxStore. */
export class PresenceStore {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
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

	of(friend: PersonId): PresenceReport | null {
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

	all(): ({ person: PersonId } & Presence)[] {
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
}
