import { eq, lte, sql } from 'drizzle-orm';
import type { Limit } from './config.ts';
import type { Db } from './db/client.ts';
import { attempts } from './db/schema.ts';
import { time } from './db/time.ts';

export type Attempt = { ok: true } | { ok: false; retryAfterSeconds: number };

const KEY_MAX = 200;

/**
 * Counts one attempt, in one statement, however many come at once.
 * @param key what is counted, for example `login:address:192.0.2.7`
 * @returns whether it is within the limit, and otherwise when the count starts again
 */
export async function take(db: Db, key: string, limit: Limit, now: Date): Promise<Attempt> {
	const resetsAt = new Date(now.getTime() + limit.windowSeconds * 1000);
	const over = sql`${attempts.resetsAt} <= ${time(now)}`;
	const [row] = await db
		.insert(attempts)
		.values({ key: key.slice(0, KEY_MAX), count: 1, resetsAt })
		.onConflictDoUpdate({
			target: attempts.key,
			set: {
				// Not counted further than it matters, so that the number cannot overflow.
				count: sql`case when ${over} then 1 else least(${attempts.count}, ${limit.max}) + 1 end`,
				resetsAt: sql`case when ${over} then excluded.resets_at else ${attempts.resetsAt} end`,
			},
		})
		.returning({ count: attempts.count, resetsAt: attempts.resetsAt });
	if (!row) throw new Error('An attempt was not counted.');
	if (row.count <= limit.max) return { ok: true };
	return {
		ok: false,
		retryAfterSeconds: Math.max(1, Math.ceil((row.resetsAt.getTime() - now.getTime()) / 1000)),
	};
}

/** Starts a count from nothing. A query, so that it can be part of a batch. */
export function forget(db: Db, key: string) {
	return db.delete(attempts).where(eq(attempts.key, key.slice(0, KEY_MAX)));
}

/** Deletes the counts that are over. */
export async function sweep(db: Db, now: Date): Promise<void> {
	await db.delete(attempts).where(lte(attempts.resetsAt, now));
}

/**
 * The part of an address that one customer of a network has: all of IPv4, and the first half of IPv6, where everybody
 * is given 2^64 addresses to try from.
 */
export function network(address: string): string {
	if (!address.includes(':')) return address;
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
	if (mapped?.[1]) return mapped[1];
	const [before = '', after] = address.toLowerCase().split('%', 1)[0]!.split('::');
	const head = before === '' ? [] : before.split(':');
	const tail = after === undefined || after === '' ? [] : after.split(':');
	const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
	const groups = [...head, ...Array<string>(zeros).fill('0'), ...tail];
	return `${groups
		.slice(0, 4)
		.map((group) => group.replace(/^0+(?=.)/, ''))
		.join(':')}::/64`;
}
