import type { Announced } from '#lib/chat/media.ts';
import type { PersonId } from '#lib/chat/room-name.ts';

/**
 * `reserved`: bytes may be on their way. `stored`: they are in, and no message refers to them. `used`: one does.
 * `deleted`: one did.
 */
export type MediaState = 'reserved' | 'stored' | 'used' | 'deleted';

export type MediaRow = Announced & { person: PersonId; state: MediaState; at: number };
/** As SQLite returns it. An interface would not do: the platform wants an index signature. */
type Row = Pick<MediaRow, keyof MediaRow>;

/** What a room knows of the bytes that were sent to it: the part of its SQLite that is about uploads. */
export class MediaStore {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
	}

	find(id: string): MediaRow | null {
		return (
			this.#sql
				.exec<Row>('SELECT id, person, kind, type, size, state, at FROM media WHERE id = ?', id)
				.toArray()[0] ?? null
		);
	}

	add(person: PersonId, { id, kind, type, size }: Announced, at: number): void {
		this.#sql.exec(
			`INSERT INTO media (id, person, kind, type, size, state, at) VALUES (?, ?, ?, ?, ?, 'reserved', ?)`,
			id,
			person,
			kind,
			type,
			size,
			at,
		);
		this.#sql.exec('DELETE FROM media_waste WHERE id = ?', id);
	}

	setState(id: string, state: MediaState): void {
		this.#sql.exec('UPDATE media SET state = ? WHERE id = ?', state, id);
	}

	/** Counts as made at this moment, for how long it may wait to be used. */
	setAt(id: string, at: number): void {
		this.#sql.exec('UPDATE media SET at = ? WHERE id = ?', at, id);
	}

	/** How many uploads of somebody no message refers to. */
	unused(person: PersonId): number {
		return this.#sql
			.exec<{ count: number }>(
				`SELECT count(*) AS count FROM media WHERE state IN ('reserved', 'stored') AND person = ?`,
				person,
			)
			.one().count;
	}

	/** When the oldest upload that no message refers to was made, or null. */
	oldestUnused(): number | null {
		return this.#sql
			.exec<{ at: number | null }>(`SELECT min(at) AS at FROM media WHERE state IN ('reserved', 'stored')`)
			.one().at;
	}

	/** Forgets the uploads made before a moment that no message refers to; their bytes are waste. */
	expire(before: number, now: number): void {
		this.#sql.exec(
			`INSERT OR REPLACE INTO media_waste (id, due, again)
			SELECT id, ?, 1 FROM media WHERE state IN ('reserved', 'stored') AND at < ?`,
			now,
			before,
		);
		this.#sql.exec(`DELETE FROM media WHERE state IN ('reserved', 'stored') AND at < ?`, before);
	}

	/** The bytes of this id are to be deleted, now and once more later. */
	waste(id: string, due: number): void {
		this.#sql.exec('INSERT OR REPLACE INTO media_waste (id, due, again) VALUES (?, ?, 1)', id, due);
	}

	/** Ids whose bytes are to be deleted by now. */
	wasteDue(now: number, limit: number): string[] {
		return this.#sql
			.exec<{ id: string }>('SELECT id FROM media_waste WHERE due <= ? ORDER BY due LIMIT ?', now, limit)
			.toArray()
			.map(({ id }) => id);
	}

	/** The bytes of this id have been deleted; if that was the first time, they are to be once more. */
	wasted(id: string, again: number): void {
		this.#sql.exec('DELETE FROM media_waste WHERE id = ? AND again = 0', id);
		this.#sql.exec('UPDATE media_waste SET due = ?, again = 0 WHERE id = ?', again, id);
	}

	nextWaste(): number | null {
		return this.#sql.exec<{ due: number | null }>('SELECT min(due) AS due FROM media_waste').one().due;
	}
}
