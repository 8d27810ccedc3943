import { createHash, randomBytes } from 'node:crypto';
import { and, eq, gt, isNull, lte, sql } from 'drizzle-orm';
import { cleanText } from '#lib/chat/message.ts';
import type { Db } from './db/client.ts';
import { passwordResets, people } from './db/schema.ts';
import { time } from './db/time.ts';
import * as passwords from './passwords.ts';
import { readPassword, type FieldCode } from './profile-fields.ts';
import { ending } from './sessions.ts';

const RESET_SECONDS = 60 * 60;

/**
 * Makes the link to a new password; one made before stops working.
 * @param email as it was typed
 * @returns the token for the link, and whom to send it to: null when there is no such account
 */
export async function request(
	db: Db,
	email: string,
	now: Date,
): Promise<{ token: string; to: string; name: string } | null> {
	const token = randomBytes(32).toString('base64url');
	const expiresAt = new Date(now.getTime() + RESET_SECONDS * 1000);
	const { rows } = await db.execute<{ email: string; name: string }>(sql`
		with who as (
			select id, email, name from people
			where lower(email) = ${cleanText(email).toLowerCase()} and suspended_at is null
		),
		made as (
			insert into password_resets (person_id, hash, expires_at)
			select id, ${sha256(token)}, ${time(expiresAt)} from who
			on conflict (person_id) do update set hash = excluded.hash, expires_at = excluded.expires_at
		)
		select email, name from who
	`);
	return rows[0] ? { token, to: rows[0].email, name: rows[0].name } : null;
}

/** Whose password this link is for; null when it has been used, replaced, or is too old. */
export async function find(
	db: Db,
	token: string,
	now: Date,
): Promise<{ person: string; username: string } | null> {
	const [found] = await db
		.select({ person: people.id, username: people.username })
		.from(passwordResets)
		.innerJoin(people, eq(people.id, passwordResets.personId))
		.where(
			and(
				eq(passwordResets.hash, sha256(token)),
				gt(passwordResets.expiresAt, now),
				isNull(people.suspendedAt),
			),
		);
	return found ?? null;
}

/**
 * Sets a new password by a link, which is used up by that. Every session of the person ends: whoever had the old password is out.
 * @returns the person, and the sessions that ended
 */
export async function use(
	db: Db,
	token: string,
	password: unknown,
	now: Date,
): Promise<
	| { ok: true; person: string; ended: string[] }
	| { ok: false; code: 'gone' }
	| { ok: false; code: 'fields'; fields: { password: FieldCode } }
> {
	const found = await find(db, token, now);
	if (!found) return { ok: false, code: 'gone' };
	const chosen = readPassword(password, found.username);
	if ('code' in chosen) return { ok: false, code: 'fields', fields: { password: chosen.code } };
	const passwordHash = await passwords.hash(chosen.value);
	// One transaction, in which only the first use of the link finds it.
	const [used, ended] = await db.batch([
		db.execute(sql`
			with used as (
				delete from password_resets where hash = ${sha256(token)} and expires_at > ${time(now)} returning person_id
			)
			update people set password_hash = ${passwordHash} from used where people.id = used.person_id returning people.id
		`),
		ending(
			db,
			sql`
				person_id = ${found.person}
				and exists (select from people where id = ${found.person} and password_hash = ${passwordHash})
			`,
		),
	]);
	if (used.rows.length === 0) return { ok: false, code: 'gone' };
	return { ok: true, person: found.person, ended: ended.rows.map(({ id }) => id) };
}

/** Deletes the links that are too old. */
export async function sweep(db: Db, now: Date): Promise<void> {
	await db.delete(passwordResets).where(lte(passwordResets.expiresAt, now));
}

/** Without salt and stretching: the token is 256 random bits. */
function sha256(token: string): string {
	return createHash('sha256').update(token).digest('base64url');
}
