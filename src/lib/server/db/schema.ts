import { sql } from 'drizzle-orm';
import {
	bigint,
	bigserial,
	check,
	index,
	integer,
	jsonb,
	pgTable,
	primaryKey,
	text,
	timestamp,
	uniqueIndex,
} from 'drizzle-orm/pg-core';

const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** People and their credentials. `username` and `email` keep the case they were typed in and are unique without it. */
export const people = pgTable(
	'people',
	{
		id: text('id').primaryKey(),
		username: text('username').notNull(),
		email: text('email').notNull(),
		passwordHash: text('password_hash').notNull(),
		/** The name that is shown; the username until the person chooses another. */
		name: text('name').notNull(),
		/** What people.search looks through: username and name, folded (see folded.ts). Written wherever either changes. */
		searchable: text('searchable').notNull(),
		/** E.164, or null. Shown to nobody but its owner. */
		phone: text('phone'),
		about: text('about').notNull().default(''),
		/** The version of their profile photo, in the bucket under /avatars; null: none. */
		avatar: text('avatar'),
		invitationsSeenAt: time('invitations_seen_at').notNull().defaultNow(),
		suspendedAt: time('suspended_at'),
		/** The last activity that their Inbox has told, at most once a minute. */
		lastActiveAt: time('last_active_at'),
		createdAt: time('created_at').notNull().defaultNow(),
	},
	(t) => [
		uniqueIndex('people_username_key').on(sql`lower(${t.username})`),
		uniqueIndex('people_email_key').on(sql`lower(${t.email})`),
		index('people_search').using('gin', sql`${t.searchable} gin_trgm_ops`),
		// One letter has no trigram worth the name. "C": the order in which a prefix is a range, whatever the language.
		index('people_search_letter').on(sql`${t.searchable} collate "C"`),
	],
);

/** One row per signed-in device. The refresh token is kept as a hash, with the one before it until its successor is used. */
export const sessions = pgTable(
	'sessions',
	{
		id: text('id').primaryKey(),
		personId: text('person_id')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		currentHash: text('current_hash').notNull(),
		previousHash: text('previous_hash'),
		rotatedAt: time('rotated_at').notNull().defaultNow(),
		/** What the browser calls itself, shortened, for the list of signed-in devices. */
		device: text('device').notNull().default(''),
		createdAt: time('created_at').notNull().defaultNow(),
		expiresAt: time('expires_at').notNull(),
	},
	(t) => [index('sessions_person').on(t.personId)],
);

/**
 * One row per pair of people, in either direction: a second invitation between the same two cannot exist.
 * Standing while `cancelled_at` is null. A refused one stays, because refusing is silent: its sender sees it waiting.
 */
export const invitations = pgTable(
	'invitations',
	{
		/** The name the room of the two will have. */
		room: text('room').primaryKey(),
		inviterId: text('inviter_id')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		inviteeId: text('invitee_id')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		createdAt: time('created_at').notNull().defaultNow(),
		refusedAt: time('refused_at'),
		cancelledAt: time('cancelled_at'),
	},
	(t) => [
		index('invitations_invitee').on(t.inviteeId, t.createdAt),
		index('invitations_inviter').on(t.inviterId, t.createdAt),
		check('invitations_two_people', sql`${t.inviterId} <> ${t.inviteeId}`),
	],
);

/** One row per room that was ever opened. `epoch` grows by one with every end and every reopening. */
export const friendships = pgTable(
	'friendships',
	{
		room: text('room').primaryKey(),
		/** The two members, sorted: the halves of `room`. */
		personA: text('person_a')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		personB: text('person_b')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		epoch: integer('epoch').notNull().default(1),
		openedAt: time('opened_at').notNull().defaultNow(),
		endedAt: time('ended_at'),
		lastMessageAt: time('last_message_at'),
	},
	(t) => [
		index('friendships_a').on(t.personA),
		index('friendships_b').on(t.personB),
		// "C": the order of roomName in src/lib/chat/room-name.ts, whatever the database's language
		check('friendships_sorted', sql`${t.personA} < ${t.personB} collate "C"`),
		check('friendships_room', sql`${t.room} = ${t.personA} || '_' || ${t.personB}`),
	],
);

/**
 * What the objects must still be told after a change here. Written in the same statement as the change, sent at once,
 * deleted when it has arrived, and swept by the cron trigger after a crash.
 */
export const notices = pgTable('notices', {
	id: bigserial('id', { mode: 'number' }).primaryKey(),
	/** 'room' or 'inbox' */
	target: text('target').notNull(),
	/** The object's name: a room's name, or a person's id. */
	name: text('name').notNull(),
	payload: jsonb('payload').notNull(),
	createdAt: time('created_at').notNull().defaultNow(),
});

/**
 * The archive: a searchable copy of every room's log, which the rooms write in batches (rule A1). A higher `revision` of
 * the same entry replaces a lower one, never the other way round.
 */
export const messages = pgTable(
	'messages',
	{
		room: text('room')
			.notNull()
			.references(() => friendships.room, { onDelete: 'cascade' }),
		seq: bigint('seq', { mode: 'number' }).notNull(),
		id: text('id').notNull(),
		speaker: text('speaker').notNull(),
		at: time('at').notNull(),
		revision: bigint('revision', { mode: 'number' }).notNull(),
		/** As the room has it; of a deleted message only that it was deleted. */
		body: jsonb('body').notNull(),
	},
	(t) => [
		primaryKey({ columns: [t.room, t.seq] }),
		// Somebody's calls among all that was ever said in their rooms.
		index('messages_calls')
			.on(t.room, t.at)
			.where(sql`(body ->> 'kind') = 'call'`),
	],
);

/** Rooms in which somebody wants no sound and no notification. */
export const mutes = pgTable(
	'mutes',
	{
		personId: text('person_id')
			.notNull()
			.references(() => people.id, { onDelete: 'cascade' }),
		room: text('room')
			.notNull()
			.references(() => friendships.room, { onDelete: 'cascade' }),
		createdAt: time('created_at').notNull().defaultNow(),
	},
	(t) => [primaryKey({ columns: [t.personId, t.room] })],
);

/** Counters that slow down guessing and mass registration: one row per key and window. */
export const attempts = pgTable('attempts', {
	/** For example `login:account:<name>` or `login:address:<address>`. */
	key: text('key').primaryKey(),
	count: integer('count').notNull(),
	/** When the count starts again from nothing. */
	resetsAt: time('resets_at').notNull(),
});

/** Links to choose a new password, by the hash of what is in them. A person has one at a time: the one sent last. */
export const passwordResets = pgTable('password_resets', {
	personId: text('person_id')
		.primaryKey()
		.references(() => people.id, { onDelete: 'cascade' }),
	hash: text('hash').notNull().unique(),
	expiresAt: time('expires_at').notNull(),
});
