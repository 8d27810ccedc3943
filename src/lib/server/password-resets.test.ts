import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { mailer } from './mail.ts';
import * as resets from './password-resets.ts';
import * as people from './people.ts';
import * as sessions from './sessions.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await testDatabase()));
afterAll(() => database.close());

const now = new Date('2026-11-22T12:00:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

async function newcomer(username: string) {
	const email = `${username}@example.com`;
	const registered = await people.register(
		database.db,
		{ username, email, password: 'the first passphrase' },
		now,
	);
	if (!registered.ok) throw new Error(JSON.stringify(registered));
	return { ...registered.person, email };
}

function logIn(login: string, password: string) {
	return sessions.logIn(
		database.db,
		database.config,
		{ login, password, device: 'Test', address: '192.0.2.1' },
		now,
	);
}

test('a link sets a new password once, and ends every session', async () => {
	const { db, config } = database;
	const ana = await newcomer('ana');
	const open = await sessions.open(db, config, ana.id, 'Phone', now);
	const made = await resets.request(db, ' ANA@example.com ', now);
	expect(made).toMatchObject({ to: ana.email, name: 'ana' });
	const token = made?.token ?? '';

	expect(await resets.use(db, token, 'short', now)).toEqual({
		ok: false,
		code: 'fields',
		fields: { password: 'too_short' },
	});
	expect(await resets.use(db, token, 'the second passphrase', later(59))).toEqual({
		ok: true,
		person: ana.id,
		ended: [open.session],
	});
	expect((await logIn('ana', 'the first passphrase')).ok).toBe(false);
	expect((await logIn('ana', 'the second passphrase')).ok).toBe(true);
	expect(await sessions.renew(db, config, open.refresh, now)).toEqual({ kind: 'ended' });

	expect(await resets.use(db, token, 'the third passphrase', now)).toEqual({ ok: false, code: 'gone' });
	expect((await logIn('ana', 'the second passphrase')).ok).toBe(true);
});

test('of two uses at once, one counts', async () => {
	const { db } = database;
	await newcomer('bob');
	const token = (await resets.request(db, 'bob@example.com', now))?.token ?? '';
	const used = await Promise.all(
		['first of the two', 'second of the two'].map((password) => resets.use(db, token, password, now)),
	);
	expect(used.map(({ ok }) => ok).toSorted()).toEqual([false, true]);
});

test('a link that is too old, replaced, or made up is nobody’s', async () => {
	const { db } = database;
	await newcomer('eve');
	const first = (await resets.request(db, 'eve@example.com', now))?.token ?? '';
	const second = (await resets.request(db, 'eve@example.com', now))?.token ?? '';
	expect(await resets.find(db, first, now)).toBeNull();
	expect(await resets.find(db, second, later(61))).toBeNull();
	expect(await resets.find(db, 'made up', now)).toBeNull();
	expect(await resets.find(db, second, now)).toMatchObject({ username: 'eve' });
	await resets.sweep(db, later(61));
	expect(await resets.find(db, second, now)).toBeNull();
	expect(await resets.request(db, 'nobody@example.com', now)).toBeNull();
});

test('mail goes out where it is set up, and is printed where it is not', async () => {
	const mail = { to: 'ana@example.com', subject: 'Hello', text: 'a link' };
	const send = vi.fn(async () => {});
	const print = vi.fn();
	await mailer({ mailFrom: 'kith@example.com' }, { send }, print)(mail);
	expect(send).toHaveBeenCalledExactlyOnceWith({ ...mail, from: 'kith@example.com' });
	expect(print).not.toHaveBeenCalled();

	await mailer({}, { send }, print)(mail);
	await mailer({ mailFrom: 'kith@example.com' }, undefined, print)(mail);
	expect(send).toHaveBeenCalledTimes(1);
	expect(print).toHaveBeenCalledTimes(2);
	expect(print.mock.calls[0]?.[0]).toContain('a link');
});
