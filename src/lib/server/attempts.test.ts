import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../tests/database.ts';
import * as attempts from './attempts.ts';
import { attempts as table } from './db/schema.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await testDatabase()));
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const limit = { max: 3, windowSeconds: 60 };

describe('take', () => {
	test('lets through as many as the limit says, then says how long to wait, then starts again', async () => {
		const { db } = database;
		for (const second of [0, 10, 20]) {
			expect(await attempts.take(db, 'login:account:ana', limit, after(second))).toEqual({ ok: true });
		}
		expect(await attempts.take(db, 'login:account:ana', limit, after(30))).toEqual({
			ok: false,
			retryAfterSeconds: 30,
		});
		expect(await attempts.take(db, 'login:account:ana', limit, after(59.5))).toEqual({
			ok: false,
			retryAfterSeconds: 1,
		});
		expect(await attempts.take(db, 'login:account:ana', limit, after(60))).toEqual({ ok: true });
	});

	test('what one key has used, another still has', async () => {
		const { db } = database;
		for (let i = 0; i < 4; i++) await attempts.take(db, 'login:account:bob', limit, start);
		expect((await attempts.take(db, 'login:account:bob', limit, start)).ok).toBe(false);
		expect((await attempts.take(db, 'login:account:eve', limit, start)).ok).toBe(true);
	});

	test('trying on makes the wait no longer', async () => {
		const { db } = database;
		for (let i = 0; i < 50; i++) await attempts.take(db, 'stubborn', limit, start);
		expect(await attempts.take(db, 'stubborn', limit, after(60))).toEqual({ ok: true });
	});

	test('a key of any length and content can be counted', async () => {
		const { db } = database;
		const key = `login:address:${"'; drop table people; --".repeat(100)}`;
		for (let i = 0; i < 3; i++) expect((await attempts.take(db, key, limit, start)).ok).toBe(true);
		expect((await attempts.take(db, key, limit, start)).ok).toBe(false);
		await attempts.forget(db, key);
		expect((await attempts.take(db, key, limit, start)).ok).toBe(true);
	});
});

test('sweep deletes the counts that are over and no others', async () => {
	const { db } = database;
	await db.delete(table);
	await attempts.take(db, 'old', { max: 1, windowSeconds: 10 }, start);
	await attempts.take(db, 'young', { max: 1, windowSeconds: 100 }, start);
	await attempts.sweep(db, after(50));
	expect(await db.select({ key: table.key }).from(table)).toEqual([{ key: 'young' }]);
});

describe('network', () => {
	test.each([
		['192.0.2.7', '192.0.2.7'],
		['::ffff:192.0.2.7', '192.0.2.7'],
		['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
		['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
		['2001:db8::9', '2001:db8:0:0::/64'],
		['::1', '0:0:0:0::/64'],
		['fe80::1%eth0', 'fe80:0:0:0::/64'],
		['', ''],
		['nonsense', 'nonsense'],
	])('of %j is %j', (address, network) => {
		expect(attempts.network(address)).toBe(network);
	});
});
