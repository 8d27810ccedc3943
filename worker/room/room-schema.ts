/**
 * The steps that make a room's SQLite what the store expects, in order. Rooms out there have run the ones that were
 * released: never edit one, add the next. (Postgres has its own, in `migrations/`.)
 */
const STEPS: readonly string[] = [
	`
	-- What Postgres says about the friendship: one row.
	CREATE TABLE status (
		one INTEGER PRIMARY KEY CHECK (one = 1),
		open INTEGER NOT NULL CHECK (open IN (0, 1)),
		epoch INTEGER NOT NULL
	) STRICT;

	-- The log. Rows are never deleted, so the numbers have no gaps; the unique pair is what makes a retry harmless.
	CREATE TABLE messages (
		seq INTEGER PRIMARY KEY,
		speaker TEXT NOT NULL,
		id TEXT NOT NULL,
		at INTEGER NOT NULL,
		body TEXT NOT NULL,
		revision INTEGER NOT NULL DEFAULT 0,
		UNIQUE (speaker, id)
	) STRICT;

	-- Partial: a message that never changes has no entry here and costs no extra row.
	CREATE INDEX messages_changed ON messages (revision) WHERE revision > 0;

	CREATE TABLE marks (
		person TEXT PRIMARY KEY,
		delivered INTEGER NOT NULL,
		read INTEGER NOT NULL,
		revision INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- What the room does by itself, and when, in ms: see alarms.ts.
	CREATE TABLE alarms (
		what TEXT PRIMARY KEY,
		due INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- The call that is on, or the last one, as JSON: one row.
	CREATE TABLE call (
		one INTEGER PRIMARY KEY CHECK (one = 1),
		state TEXT NOT NULL
	) STRICT;
	`,
	`
	-- Uploads, from before their bytes go in. A row whose message was deleted stays: its id is never used again.
	CREATE TABLE media (
		id TEXT PRIMARY KEY,
		person TEXT NOT NULL,
		kind TEXT NOT NULL,
		type TEXT NOT NULL,
		size INTEGER NOT NULL,
		state TEXT NOT NULL CHECK (state IN ('reserved', 'stored', 'used', 'deleted')),
		at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE INDEX media_unused ON media (at) WHERE state IN ('reserved', 'stored');

	-- Bytes to be deleted from R2.
	CREATE TABLE media_waste (
		id TEXT PRIMARY KEY,
		due INTEGER NOT NULL,
		again INTEGER NOT NULL CHECK (again IN (0, 1))
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- What each member's Inbox has acknowledged of its line, and what the archive has of the log: see room-outgoing.ts.
	CREATE TABLE told (
		person TEXT PRIMARY KEY,
		acknowledged INTEGER NOT NULL,
		at INTEGER NOT NULL,
		failures INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE TABLE archive (
		one INTEGER PRIMARY KEY CHECK (one = 1),
		seq INTEGER NOT NULL,
		revision INTEGER NOT NULL,
		at INTEGER NOT NULL,
		failures INTEGER NOT NULL
	) STRICT;
	`,
	`
	-- When the read mark grew, as JSON (Marks.steps); null before it ever did, and where it was not noted yet.
	ALTER TABLE marks ADD COLUMN steps TEXT;
	`,
	`
	-- Up to this number nothing that a member has not read counts, nor ever will: counting begins after it.
	ALTER TABLE told ADD COLUMN clear INTEGER NOT NULL DEFAULT 0;
	`,
];

/** Has this object any tables yet? */
export function isPrepared(sql: SqlStorage): boolean {
	return (
		sql.exec(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_steps'`).toArray().length >
		0
	);
}

/** Runs the steps that this object has not run yet, each together with the note that it ran. */
export function prepare(storage: DurableObjectStorage, steps: readonly string[] = STEPS): void {
	const { sql } = storage;
	if (!isPrepared(sql)) sql.exec('CREATE TABLE schema_steps (step INTEGER PRIMARY KEY) STRICT');
	const { done } = sql.exec<{ done: number }>('SELECT count(*) AS done FROM schema_steps').one();
	for (const [index, step] of steps.entries()) {
		if (index < done) continue;
		storage.transactionSync(() => {
			sql.exec(step);
			sql.exec('INSERT INTO schema_steps (step) VALUES (?)', index + 1);
		});
	}
}
