/**
 * The steps that make an Inbox's SQLite what the store expects, in order. Never edit one that was released, add the next.
 * All of it but the revoked sessions can be rebuilt from Postgres and the rooms.
 */
export const INBOX_STEPS: readonly string[] = [
	`
	-- What the person is, in one row.
	CREATE TABLE self (
		one INTEGER PRIMARY KEY CHECK (one = 1),
		-- Reading Postgres: the highest ticket that was asked for, and the highest that was served.
		refresh_wanted INTEGER NOT NULL DEFAULT 0,
		refresh_done INTEGER NOT NULL DEFAULT 0,
		refreshed_at INTEGER NOT NULL DEFAULT 0,
		unseen INTEGER NOT NULL DEFAULT 0,
		-- The last activity that is not in an open tab's report.
		last_activity INTEGER NOT NULL DEFAULT 0,
		-- When the last tab went, while its return is still waited for.
		left_at INTEGER,
		-- The presence that friends are told.
		told_active INTEGER NOT NULL DEFAULT 0,
		told_at INTEGER NOT NULL DEFAULT 0,
		told_revision INTEGER NOT NULL DEFAULT 0,
		-- The activity that Postgres has, and when it was written there.
		saved_activity INTEGER NOT NULL DEFAULT 0,
		saved_at INTEGER NOT NULL DEFAULT 0
	) STRICT;
	INSERT INTO self (one) VALUES (1);

	-- The roster: every friendship there is or was, as Postgres last said.
	CREATE TABLE rooms (
		room TEXT PRIMARY KEY,
		friend TEXT NOT NULL UNIQUE,
		username TEXT NOT NULL,
		name TEXT NOT NULL,
		open INTEGER NOT NULL,
		since INTEGER NOT NULL,
		muted INTEGER NOT NULL,
		-- The room was asked for its summary, or told it, since this storage exists.
		pulled INTEGER NOT NULL DEFAULT 0,
		-- We are among the subscribers of the friend's Inbox, and this is what it said last.
		watching INTEGER NOT NULL DEFAULT 0,
		friend_active INTEGER,
		friend_at INTEGER,
		friend_revision INTEGER
	) STRICT, WITHOUT ROWID;

	-- What the rooms have told. Apart from the roster: a room may tell before Postgres could be read.
	CREATE TABLE summaries (
		room TEXT PRIMARY KEY,
		revision INTEGER NOT NULL,
		-- The Summary as JSON.
		row TEXT NOT NULL,
		-- Delivered up to, as our tabs say, and as the room has confirmed.
		got INTEGER NOT NULL DEFAULT 0,
		got_confirmed INTEGER NOT NULL DEFAULT 0
	) STRICT, WITHOUT ROWID;

	-- Invitations that stand, to tell what changed when Postgres is read again.
	CREATE TABLE invitations (
		person TEXT NOT NULL,
		mine INTEGER NOT NULL,
		username TEXT NOT NULL,
		name TEXT NOT NULL,
		room TEXT NOT NULL,
		PRIMARY KEY (person, mine)
	) STRICT, WITHOUT ROWID;

	-- Friends whose Inbox has a tab and wants our presence, with the revision it has confirmed.
	CREATE TABLE subscribers (
		person TEXT PRIMARY KEY,
		confirmed INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;

	CREATE TABLE revoked (
		session TEXT PRIMARY KEY,
		at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;

	-- Calls that failed, and when to try again. What is to be called follows from the other tables.
	CREATE TABLE retries (
		call TEXT PRIMARY KEY,
		failures INTEGER NOT NULL,
		at INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- The newest of each room's call, for tabs that come while it rings. One that nobody tells of any more has run out.
	CREATE TABLE calls (
		room TEXT PRIMARY KEY,
		revision INTEGER NOT NULL,
		-- The frame as JSON.
		told TEXT NOT NULL,
		-- ms since 1970; 0 when it is over.
		until INTEGER NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
	`ALTER TABLE rooms ADD COLUMN avatar TEXT;`,
	`
	-- The rooms of which a session has opened a socket: those are told when it ends.
	CREATE TABLE entered (
		session TEXT NOT NULL,
		room TEXT NOT NULL,
		at INTEGER NOT NULL,
		PRIMARY KEY (session, room)
	) STRICT, WITHOUT ROWID;
	`,
];
