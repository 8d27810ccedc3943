import { createHash } from 'node:crypto';
import { and, desc, eq, gt, lte, sql, type SQL } from 'drizzle-orm';
import { cleanText } from '#lib/chat/message.ts';
import { signAccess, type Who } from './access-token.ts';
import * as attempts from './attempts.ts';
import type { Config } from './config.ts';
import type { Db } from './db/client.ts';
import { people, sessions } from './db/schema.ts';
import { time } from './db/time.ts';
import { newId } from './ids.ts';
import * as passwords from './passwords.ts';
import { meColumns, type Me } from './person.ts';
import { mintRefresh, readRefresh } from './refresh-token.ts';

export const REFRESH_SECONDS = 90 * 24 * 60 * 60;
/** So long after a rotation the token before it is taken for that of a parallel request. */
export const RACE_SECONDS = 30;
const DEVICE_MAX = 120;

export interface Tokens {
	/** The access token: a JWT. */
	access: string;
	accessExpires: Date;
	refresh: string;
	refreshExpires: Date;
	/** The id of the session. */
	session: string;
}

export type LogIn =
	| { ok: true; person: Me; tokens: Tokens }
	| { ok: false; code: 'wrong' | 'too_many'; retryAfterSeconds?: number };

/**
 * Opens a session for whoever knows a password. The same time and the same answer for a wrong password, an account
 * that does not exist and one that is suspended.
 * @param given.login a username or an email address, in any case
 * @param given.address where the request came from, for the limit per address
 */
export async function logIn(
	db: Db,
	config: Config,
	given: { login: string; password: string; device: string; address: string },
	now: Date,
): Promise<LogIn> {
	const login = cleanText(given.login).toLowerCase().slice(0, 320);
	const byAddress = `login:address:${attempts.network(given.address)}`;
	// As a hash: people type passwords into the wrong field.
	const byAccount = `login:account:${createHash('sha256').update(login).digest('base64url')}`;
	// The address first: one that is stopped must not go on using up the tries of other people's accounts.
	for (const [key, limit] of [
		[byAddress, config.limits.loginPerAddress],
		[byAccount, config.limits.loginPerAccount],
	] as const) {
		const allowed = await attempts.take(db, key, limit, now);
		if (!allowed.ok) return { ok: false, code: 'too_many', retryAfterSeconds: allowed.retryAfterSeconds };
	}

	const named = login.includes('@') ? people.email : people.username;
	const [found] = await db
		.select({ me: meColumns, passwordHash: people.passwordHash, suspendedAt: people.suspendedAt })
		.from(people)
		.where(eq(sql`lower(${named})`, login));
	const right = await passwords.verify(given.password, found?.passwordHash ?? null);
	if (!found || !right || found.suspendedAt) return { ok: false, code: 'wrong' };

	const tokens = await open(db, config, found.me.id, given.device, now);
	await attempts.forget(db, byAccount);
	return { ok: true, person: found.me, tokens };
}

/**
 * Opens a session for a person who has just proved who they are.
 * @throws Error when there is no such person, or they are suspended
 */
export async function open(
	db: Db,
	config: Config,
	personId: string,
	device: string,
	now: Date,
): Promise<Tokens> {
	const session = newId();
	const { refresh, hash } = mintRefresh(session);
	const refreshExpires = expiry(now);
	const called = cleanText(device).slice(0, DEVICE_MAX);
	const { rows } = await db.execute<{ username: string }>(sql`
		with who as (select id, username from people where id = ${personId} and suspended_at is null for share),
		opened as (
			insert into sessions (id, person_id, current_hash, device, created_at, rotated_at, expires_at)
			select ${session}, id, ${hash}, ${called}, ${time(now)}, ${time(now)}, ${time(refreshExpires)} from who
		)
		select username from who
	`);
	const username = rows[0]?.username;
	if (username === undefined) throw new Error('There is nobody to open a session for.');
	const who = { person: personId, session, username };
	return { ...(await signAccess(config.sessionSecret, who, now)), session, refresh, refreshExpires };
}

export type Renewal =
	/** The refresh token was changed for a new one. */
	| { kind: 'rotated'; who: Who; tokens: Tokens }
	/** A parallel request has just changed it, and brings the browser the new one. */
	| { kind: 'access_only'; who: Who; tokens: Pick<Tokens, 'access' | 'accessExpires' | 'session'> }
	/**
	 * There is no such session any more: logged out, run out, suspended, or just ended because an old token came back. In
	 * that last case `person` is whose it was, and `notices.deliver` has something for them.
	 */
	| { kind: 'ended'; person?: string };

/**
 * Changes a refresh token for new tokens. The token before the current one stays good until the current one is used for
 * the first time, so that an answer that was lost on its way logs nobody out. One older than that can only come from a
 * copy: it ends the session, for the thief and the owner alike (RFC 9700, 4.14.2).
 */
export async function renew(db: Db, config: Config, token: string, now: Date): Promise<Renewal> {
	const presented = readRefresh(token);
	if (!presented) return { kind: 'ended' };
	const { session, hash } = presented;
	const next = mintRefresh(session);
	const refreshExpires = expiry(now);
	const raceStarted = time(new Date(now.getTime() - RACE_SECONDS * 1000));

	// Compare and set: of all requests that present the same token at once, one changes the row.
	const rotated = await db.execute<{ person: string; username: string }>(sql`
		update sessions s
		set previous_hash = ${hash}, current_hash = ${next.hash}, rotated_at = ${time(now)}, expires_at = ${time(refreshExpires)}
		from people p
		where s.id = ${session} and s.expires_at > ${time(now)} and p.id = s.person_id and p.suspended_at is null
			and (s.current_hash = ${hash} or (s.previous_hash = ${hash} and s.rotated_at <= ${raceStarted}))
		returning p.id as person, p.username
	`);
	if (rotated.rows[0]) {
		const who = { ...rotated.rows[0], session };
		const access = await signAccess(config.sessionSecret, who, now);
		return { kind: 'rotated', who, tokens: { ...access, session, refresh: next.refresh, refreshExpires } };
	}

	const lost = await db.execute<{ person: string; username: string | null }>(sql`
		with ended as (
			delete from sessions
			where id = ${session} and current_hash <> ${hash} and previous_hash is distinct from ${hash}
			returning id, person_id
		),
		told as (${noticeOfEnd('session_revoked')})
		select p.id as person, p.username
		from sessions s join people p on p.id = s.person_id
		where s.id = ${session} and s.previous_hash = ${hash} and s.expires_at > ${time(now)} and p.suspended_at is null
		union all
		select person_id, null from ended
	`);
	const found = lost.rows[0];
	if (!found) return { kind: 'ended' };
	if (found.username === null) return { kind: 'ended', person: found.person };
	const who = { person: found.person, username: found.username, session };
	return {
		kind: 'access_only',
		who,
		tokens: { ...(await signAccess(config.sessionSecret, who, now)), session },
	};
}

/** Why a session ended, and so what its open sockets are closed with. */
export type Because = 'session_revoked' | 'suspended';

/**
 * Ends sessions, with the notice to their people's Inboxes in the same statement: `notices.deliver` closes what they
 * have open. A query, so that it can be part of a batch. Returns `{ id }` of each.
 * @param which a condition on the table `sessions`
 */
export function ending(db: Db, which: SQL, because: Because = 'session_revoked') {
	return db.execute<{ id: string }>(sql`
		with ended as (delete from sessions where ${which} returning id, person_id),
		told as (${noticeOfEnd(because)})
		select id from ended
	`);
}

/** What `notices.deliver` will tell the Inbox of each person in `ended`. */
function noticeOfEnd(because: Because): SQL {
	return sql`
		insert into notices (target, name, payload)
		select 'inbox', person_id, jsonb_build_object('ended', jsonb_agg(id), 'because', ${because}::text)
		from ended group by person_id
	`;
}

/** Logs one device out. */
export async function end(db: Db, sessionId: string): Promise<void> {
	await ending(db, sql`id = ${sessionId}`);
}

/** Logs one device of a person out; one of somebody else's stays as it is. */
export async function endMine(db: Db, personId: string, sessionId: string): Promise<void> {
	await ending(db, sql`id = ${sessionId} and person_id = ${personId}`);
}

/** The devices a person is logged in on, the one last used first. */
export async function list(
	db: Db,
	personId: string,
): Promise<{ id: string; device: string; createdAt: Date; lastUsedAt: Date }[]> {
	return db
		.select({
			id: sessions.id,
			device: sessions.device,
			createdAt: sessions.createdAt,
			lastUsedAt: sessions.rotatedAt,
		})
		.from(sessions)
		.where(and(eq(sessions.personId, personId), gt(sessions.expiresAt, sql`now()`)))
		.orderBy(desc(sessions.rotatedAt), sessions.id);
}

/** Deletes the sessions that have run out. */
export async function sweep(db: Db, now: Date): Promise<void> {
	await db.delete(sessions).where(lte(sessions.expiresAt, now));
}

const expiry = (now: Date) => new Date(now.getTime() + REFRESH_SECONDS * 1000);
