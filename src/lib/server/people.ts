import { and, eq, isNull, or, sql } from 'drizzle-orm';
import { isPersonId } from '#lib/chat/room-name.ts';
import * as attempts from './attempts.ts';
import type { Config } from './config.ts';
import { violatedUnique, type Db } from './db/client.ts';
import { people, sessions } from './db/schema.ts';
import { time } from './db/time.ts';
import { searchable } from './folded.ts';
import { newId } from './ids.ts';
import * as passwords from './passwords.ts';
import { meColumns, personColumns, type Me, type Person } from './person.ts';
import * as fields from './profile-fields.ts';
import type { FieldCode, Read } from './profile-fields.ts';
import { ending } from './sessions.ts';

export { search } from './people-search.ts';
export type { Found, Me, Person, Relation } from './person.ts';

/** What is wrong with which fields of a form. */
type Refused<Field extends string, Code extends string = FieldCode> = {
	ok: false;
	fields: Partial<Record<Field, Code>>;
};

/**
 * Registers somebody.
 * @param input what a form brought, unchecked
 */
export async function register(
	db: Db,
	input: { username?: unknown; email?: unknown; password?: unknown; phone?: unknown; about?: unknown },
	now: Date,
): Promise<{ ok: true; person: Me } | Refused<'username' | 'email' | 'password' | 'phone' | 'about'>> {
	const username = fields.readUsername(input.username);
	const email = fields.readEmail(input.email);
	const read = fields.together({
		username,
		email,
		password: fields.readPassword(input.password, 'value' in username ? username.value : ''),
		phone: fields.readPhone(input.phone),
		about: fields.readAbout(input.about),
	});
	const taken = await takenFields(db, username, email);
	if (!read.ok || Object.keys(taken).length > 0)
		return { ok: false, fields: { ...(!read.ok && read.fields), ...taken } };

	const { password, ...given } = read.values;
	const row = {
		...given,
		id: newId(),
		name: given.username,
		searchable: searchable(given.username, given.username),
		passwordHash: await passwords.hash(password),
		invitationsSeenAt: now,
		createdAt: now,
	};
	try {
		const [person] = await db.insert(people).values(row).returning(meColumns);
		if (!person) throw new Error('Nobody was registered.');
		return { ok: true, person };
	} catch (error) {
		// Somebody else took it in the meantime.
		const constraint = violatedUnique(error);
		if (constraint === 'people_username_key') return { ok: false, fields: { username: 'taken' } };
		if (constraint === 'people_email_key') return { ok: false, fields: { email: 'taken' } };
		throw error;
	}
}

async function takenFields(
	db: Db,
	username: Read<string>,
	email: Read<string>,
): Promise<{ username?: 'taken'; email?: 'taken' }> {
	const sameUsername =
		'value' in username && eq(sql`lower(${people.username})`, username.value.toLowerCase());
	const sameEmail = 'value' in email && eq(sql`lower(${people.email})`, email.value.toLowerCase());
	if (!sameUsername && !sameEmail) return {};
	const rows = await db
		.select({
			username: sameUsername ? sql<boolean>`${sameUsername}` : sql<boolean>`false`,
			email: sameEmail ? sql<boolean>`${sameEmail}` : sql<boolean>`false`,
		})
		.from(people)
		.where(or(sameUsername || undefined, sameEmail || undefined));
	return {
		...(rows.some((row) => row.username) && { username: 'taken' }),
		...(rows.some((row) => row.email) && { email: 'taken' }),
	};
}

/** Oneself; null when there is no such person (any more), or they are suspended. */
export async function me(db: Db, id: string): Promise<Me | null> {
	const [person] = await db
		.select(meColumns)
		.from(people)
		.where(and(eq(people.id, id), isNull(people.suspendedAt)));
	return person ?? null;
}

/** Oneself, for as long as the session that asks has not ended: an access token outlives it by minutes (D4). */
export async function signedIn(
	db: Db,
	{ person: id, session }: { person: string; session: string },
): Promise<Me | null> {
	const [person] = await db
		.select(meColumns)
		.from(people)
		.innerJoin(sessions, and(eq(sessions.personId, people.id), eq(sessions.id, session)))
		.where(and(eq(people.id, id), isNull(people.suspendedAt)));
	return person ?? null;
}

/** Somebody, as others may see them; null when there is no such person, or they are suspended. */
export async function find(db: Db, id: string): Promise<Person | null> {
	if (!isPersonId(id)) return null;
	const [person] = await db
		.select(personColumns)
		.from(people)
		.where(and(eq(people.id, id), isNull(people.suspendedAt)));
	return person ?? null;
}

/** Changes what somebody says about themselves. What is left out stays; an empty phone or line is taken away. */
export async function updateProfile(
	db: Db,
	meId: string,
	input: { name?: unknown; about?: unknown; phone?: unknown },
): Promise<{ ok: true; person: Me } | Refused<'name' | 'about' | 'phone'>> {
	const now = await me(db, meId);
	if (!now) throw new Error('There is nobody to change the profile of.');
	const read = fields.together({
		name: input.name === undefined ? { value: now.name } : fields.readName(input.name, now.username),
		about: input.about === undefined ? { value: now.about } : fields.readAbout(input.about),
		phone: input.phone === undefined ? { value: now.phone } : fields.readPhone(input.phone),
	});
	if (!read.ok) return { ok: false, fields: read.fields };
	const [person] = await db
		.update(people)
		.set({ ...read.values, searchable: searchable(now.username, read.values.name) })
		.where(eq(people.id, meId))
		.returning(meColumns);
	if (!person) throw new Error('There is nobody to change the profile of.');
	return { ok: true, person };
}

/**
 * Remembers which version of their profile photo somebody shows, or that there is none.
 * @returns the version before
 */
export async function setAvatar(db: Db, meId: string, version: string | null): Promise<string | null> {
	// Both in one statement: of two changes at once, each hears of the version that it replaced.
	const { rows } = await db.execute<{ before: string | null }>(sql`
		with before as (select id, avatar from people where id = ${meId} for update)
		update people set avatar = ${version} from before where people.id = before.id
		returning before.avatar as before
	`);
	return rows[0]?.before ?? null;
}

/**
 * Changes a password, and logs every other device out with it.
 * @param asks whose, from which session, which stays
 * @param current the password up to now, as proof that it is not somebody at an unlocked computer; guesses are counted
 */
export async function changePassword(
	db: Db,
	config: Pick<Config, 'limits'>,
	asks: { person: string; session: string },
	given: { current: unknown; next: unknown },
	now: Date,
): Promise<
	| { ok: true }
	| Refused<'current' | 'next', FieldCode | 'wrong' | 'same'>
	| { ok: false; code: 'too_many'; retryAfterSeconds: number }
> {
	const { person: meId, session } = asks;
	const { current, next } = given;
	const [found] = await db
		.select({ username: people.username, passwordHash: people.passwordHash })
		.from(people)
		.where(eq(people.id, meId));
	if (!found) throw new Error('There is nobody to change the password of.');
	if (typeof current !== 'string' || current === '') return { ok: false, fields: { current: 'required' } };
	const guesses = `password:person:${meId}`;
	const allowed = await attempts.take(db, guesses, config.limits.loginPerAccount, now);
	if (!allowed.ok) return { ...allowed, code: 'too_many' };
	const chosen = fields.readPassword(next, found.username);
	const right = await passwords.verify(current, found.passwordHash);
	if (right) await attempts.forget(db, guesses);
	if (!right || 'code' in chosen)
		return {
			ok: false,
			fields: { ...(!right && { current: 'wrong' }), ...('code' in chosen && { next: chosen.code }) },
		};
	if (chosen.value === current) return { ok: false, fields: { next: 'same' } };
	const passwordHash = await passwords.hash(chosen.value);
	const [changed] = await db.batch([
		// Only over the password that was proved: of two changes at once, one wins.
		db
			.update(people)
			.set({ passwordHash })
			.where(and(eq(people.id, meId), eq(people.passwordHash, found.passwordHash)))
			.returning({ id: people.id }),
		ending(
			db,
			sql`
				person_id = ${meId} and id <> ${session}
				and exists (select from people where id = ${meId} and password_hash = ${passwordHash})
			`,
		),
	]);
	return changed.length === 1 ? { ok: true } : { ok: false, fields: { current: 'wrong' } };
}

/**
 * Suspends somebody, or lifts that: who is suspended is logged out everywhere, cannot log in and is not found. Doing it
 * twice does it once.
 * @returns whom, or null when nobody has this username
 */
export async function suspend(
	db: Db,
	username: string,
	suspended: boolean,
	now: Date,
): Promise<Person | null> {
	const named = eq(sql`lower(${people.username})`, username.toLowerCase());
	const whom = sql`person_id in (select id from people where lower(username) = ${username.toLowerCase()} and suspended_at is not null)`;
	const [[person]] = await db.batch([
		db
			.update(people)
			.set({ suspendedAt: suspended ? sql`coalesce(${people.suspendedAt}, ${time(now)})` : null })
			.where(named)
			.returning(personColumns),
		// After the row was changed: `sessions.open` waits for that row, so none opens behind our back.
		ending(db, suspended ? whom : sql`false`, 'suspended'),
	]);
	return person ?? null;
}
