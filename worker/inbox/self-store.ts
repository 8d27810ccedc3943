import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';

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

/** What an Inbox knows of its person: part of InboxStore. */
export class SelfStore {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	read(): Self {
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
}
