import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { attempts as attemptsTable, notices, people as peopleTable, sessions as table } from './db/schema.ts';
import * as passwords from './passwords.ts';
import * as people from './people.ts';
import type { Me } from './people.ts';
import * as sessions from './sessions.ts';

let database: TestDatabase;
let ana: Me;
let bob: Me;
beforeAll(async () => {
	database = await testDatabase();
	const passwordHash = await passwords.hash('brass lantern');
	ana = await addPerson(database.db, 'Ana', { passwordHash });
	bob = await addPerson(database.db, 'bob', { passwordHash });
});
beforeEach(async () => {
	await database.db.delete(table);
	await database.db.delete(attemptsTable);
	database.config.limits.loginPerAccount = { max: 10, windowSeconds: 900 };
	database.config.limits.loginPerAddress = { max: 100, windowSeconds: 900 };
});
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const DAY = 24 * 60 * 60;

const open = (at = start, person = ana) =>
	sessions.open(database.db, database.config, person.id, 'Firefox', at);
const renew = (token: string, at: Date) => sessions.renew(database.db, database.config, token, at);
const rows = () => database.db.select().from(table);

/** Renews and expects new tokens. */
async function rotate(token: string, at: Date): Promise<sessions.Tokens> {
	const renewal = await renew(token, at);
	if (renewal.kind !== 'rotated') throw new Error(`not rotated: ${renewal.kind}`);
	return renewal.tokens;
}

describe('logIn', () => {
	const given = { login: 'ana', password: 'brass lantern', device: 'Firefox on Linux', address: '192.0.2.7' };
	const logIn = (change: Partial<typeof given> = {}, now = start) =>
		sessions.logIn(database.db, database.config, { ...given, ...change }, now);

	test.each(['ana', 'ANA', ' Ana ', 'ana@example.org', 'ANA@EXAMPLE.ORG'])(
		'%j opens a session of Ana',
		async (login) => {
			const entered = await logIn({ login });
			if (!entered.ok) throw new Error(entered.code);
			expect(entered.person).toEqual(ana);
			expect(await rows()).toMatchObject([
				{
					id: entered.tokens.session,
					personId: ana.id,
					device: 'Firefox on Linux',
					createdAt: start,
					expiresAt: after(90 * DAY),
				},
			]);
			expect(entered.tokens.accessExpires).toEqual(after(300));
			expect(entered.tokens.refreshExpires).toEqual(after(90 * DAY));
		},
	);

	test('the refresh token is not in the database', async () => {
		const entered = await logIn();
		if (!entered.ok) throw new Error(entered.code);
		const secret = entered.tokens.refresh.split('.')[1]!;
		expect(secret).toHaveLength(43);
		expect(JSON.stringify(await rows())).not.toContain(secret);
	});

	test.each([
		['a wrong password', { password: 'brass lanterns' }],
		['an empty password', { password: '' }],
		['a password as long as a novel', { password: 'x'.repeat(100_000) }],
		['a name that nobody has', { login: 'nobody' }],
		['an address that nobody has', { login: 'nobody@example.org' }],
		['an empty name', { login: '' }],
		['a name with a NUL in it', { login: 'ana\u0000x' }],
		['a name as long as a novel', { login: 'ana'.repeat(100_000) }],
		['a name that is half a character', { login: '\ud800' }],
		['a name that would be SQL', { login: "ana' or '1'='1" }],
	])('%s gets the same answer', async (_, change) => {
		expect(await logIn(change)).toEqual({ ok: false, code: 'wrong' });
		expect(await rows()).toEqual([]);
	});

	test('somebody suspended gets that answer too', async () => {
		expect((await logIn({ login: 'bob' })).ok).toBe(true);
		await database.db.update(peopleTable).set({ suspendedAt: start }).where(eq(peopleTable.id, bob.id));
		expect(await logIn({ login: 'bob' })).toEqual({ ok: false, code: 'wrong' });
		await database.db.update(peopleTable).set({ suspendedAt: null }).where(eq(peopleTable.id, bob.id));
	});

	test('attempts at one account are limited from wherever they come, whether it exists or not', async () => {
		database.config.limits.loginPerAccount = { max: 3, windowSeconds: 900 };
		for (const login of ['ana', 'nobody']) {
			for (let i = 0; i < 3; i++) {
				const address = `192.0.2.${i}`;
				expect(await logIn({ login, password: 'wrong', address })).toEqual({ ok: false, code: 'wrong' });
			}
			const refused = { ok: false, code: 'too_many', retryAfterSeconds: 840 };
			expect(await logIn({ login: login.toUpperCase(), address: '192.0.2.9' }, after(60))).toEqual(refused);
		}
		expect((await logIn({}, after(900))).ok).toBe(true);
	});

	test('logging in clears the count of the account, not that of the address', async () => {
		database.config.limits.loginPerAccount = { max: 3, windowSeconds: 900 };
		database.config.limits.loginPerAddress = { max: 7, windowSeconds: 900 };
		for (let round = 0; round < 2; round++) {
			for (let i = 0; i < 2; i++) await logIn({ password: 'wrong' });
			expect((await logIn()).ok).toBe(true);
		}
		expect((await logIn()).ok).toBe(true);
		expect(await logIn()).toMatchObject({ ok: false, code: 'too_many' });
		expect(await logIn({ login: 'bob' })).toMatchObject({ ok: false, code: 'too_many' });
		expect((await logIn({ address: '192.0.2.8' })).ok).toBe(true);
	});

	test('an address that is stopped no longer uses up the tries of accounts', async () => {
		database.config.limits.loginPerAccount = { max: 3, windowSeconds: 900 };
		database.config.limits.loginPerAddress = { max: 1, windowSeconds: 900 };
		for (let i = 0; i < 10; i++) await logIn({ password: 'wrong', address: '2001:db8::' + i });
		expect((await logIn({ address: '192.0.2.8' })).ok).toBe(true);
	});
});

describe('open', () => {
	test('what a device calls itself is shortened', async () => {
		await sessions.open(database.db, database.config, ana.id, `\u0000${'x'.repeat(1000)}`, start);
		expect((await rows())[0]!.device).toBe('x'.repeat(120));
	});

	test('nobody gets a session without being there', async () => {
		await expect(sessions.open(database.db, database.config, 'nobody0000', 'x', start)).rejects.toThrow(
			'nobody',
		);
	});
});

describe('renew', () => {
	test('the refresh token changes, the session stays and lasts from now', async () => {
		const first = await open();
		const renewal = await renew(first.refresh, after(600));
		if (renewal.kind !== 'rotated') throw new Error(renewal.kind);
		expect(renewal.who).toEqual({ person: ana.id, session: first.session, username: 'Ana' });
		expect(renewal.tokens.session).toBe(first.session);
		expect(renewal.tokens.refresh).not.toBe(first.refresh);
		expect(renewal.tokens.refreshExpires).toEqual(after(600 + 90 * DAY));
		await rotate(renewal.tokens.refresh, after(1200));
	});

	test('a parallel request that lost the race gets an access token and no refresh token', async () => {
		const first = await open();
		const second = await rotate(first.refresh, after(600));
		const renewal = await renew(first.refresh, after(629));
		if (renewal.kind !== 'access_only') throw new Error(renewal.kind);
		expect(renewal.who).toEqual({ person: ana.id, session: first.session, username: 'Ana' });
		expect(Object.keys(renewal.tokens).sort()).toEqual(['access', 'accessExpires', 'session']);
		await rotate(second.refresh, after(1200));
	});

	test('an answer that was lost logs nobody out: the old token goes on until its successor is used', async () => {
		const first = await open();
		await rotate(first.refresh, after(600)); // never arrives
		await rotate(first.refresh, after(4000)); // nor does this one
		const third = await rotate(first.refresh, after(90 * DAY));
		const fourth = await rotate(third.refresh, after(91 * DAY));
		await rotate(fourth.refresh, after(92 * DAY));
	});

	test('an old token, once its successor was used, ends the session for everybody', async () => {
		const first = await open();
		const second = await rotate(first.refresh, after(600));
		const third = await rotate(second.refresh, after(1200));
		expect(await rows()).toHaveLength(1);
		expect(await renew(first.refresh, after(1201))).toMatchObject({ kind: 'ended' });
		expect(await rows()).toEqual([]);
		expect(await renew(third.refresh, after(1202))).toMatchObject({ kind: 'ended' });
	});

	test('a thief with a stolen token and its owner cannot both go on', async () => {
		const stolen = await open();
		const owners = await rotate(stolen.refresh, after(600));
		const thiefs = await rotate(stolen.refresh, after(700)); // before the owner has used the new one
		expect(await renew(owners.refresh, after(800))).toMatchObject({ kind: 'ended' });
		expect(await renew(thiefs.refresh, after(900))).toMatchObject({ kind: 'ended' });
	});

	test('reuse ends that session and no other', async () => {
		const [phone, laptop] = [await open(), await open()];
		await rotate((await rotate(phone.refresh, after(600))).refresh, after(1200));
		expect(await renew(phone.refresh, after(1300))).toMatchObject({ kind: 'ended' });
		await rotate(laptop.refresh, after(1400));
	});

	test('a session that was not used for 90 days has run out; one that was used has not', async () => {
		const [used, unused] = [await open(), await open()];
		const next = await rotate(used.refresh, after(89 * DAY));
		expect(await renew(unused.refresh, after(90 * DAY))).toMatchObject({ kind: 'ended' });
		await rotate(next.refresh, after(178 * DAY));
	});

	test('somebody suspended is let in no more, and again when that is over', async () => {
		const first = await open(start, bob);
		await database.db.update(peopleTable).set({ suspendedAt: start }).where(eq(peopleTable.id, bob.id));
		expect(await renew(first.refresh, after(600))).toMatchObject({ kind: 'ended' });
		await database.db.update(peopleTable).set({ suspendedAt: null }).where(eq(peopleTable.id, bob.id));
		await rotate(first.refresh, after(1200));
	});

	test('an invented secret for a session ends it; what has not the form of a token does nothing', async () => {
		const { session, refresh } = await open();
		for (const nonsense of [
			'',
			'.',
			session,
			`${session}.`,
			`${session}.short`,
			refresh + 'x',
			`x${refresh}`,
		]) {
			expect(await renew(nonsense, after(1))).toMatchObject({ kind: 'ended' });
		}
		expect(await rows()).toHaveLength(1);
		expect(await renew(`${session}.${'A'.repeat(43)}`, after(1))).toMatchObject({ kind: 'ended' });
		expect(await rows()).toEqual([]);
	});

	test('what one session has presented opens no other', async () => {
		const [hers, his] = [await open(start, ana), await open(start, bob)];
		const mixed = `${his.session}.${hers.refresh.split('.')[1]}`;
		expect(await renew(mixed, after(1))).toMatchObject({ kind: 'ended' });
		await rotate(hers.refresh, after(2));
	});
});

describe('D4: what ends a session leaves a notice for its person', () => {
	const left = async () => {
		const found = await database.db.select().from(notices).orderBy(notices.id);
		return found.map(({ target, name, payload }) => ({ target, name, payload }));
	};
	const notice = (person: Me, ended: string[], because = 'session_revoked') => ({
		target: 'inbox',
		name: person.id,
		payload: { ended, because },
	});
	beforeEach(async () => void (await database.db.delete(notices)));

	test('logging out, once', async () => {
		const { session } = await open();
		await sessions.end(database.db, session);
		await sessions.end(database.db, session);
		expect(await left()).toEqual([notice(ana, [session])]);
	});

	test('an old refresh token that comes back', async () => {
		const first = await open();
		const second = await rotate(first.refresh, after(100));
		await rotate(second.refresh, after(200));
		expect(await renew(first.refresh, after(300))).toEqual({ kind: 'ended', person: ana.id });
		expect(await renew(first.refresh, after(301))).toEqual({ kind: 'ended' });
		expect(await left()).toEqual([notice(ana, [first.session])]);
	});

	test('a new password, for the others', async () => {
		const [here, there, his] = [await open(), await open(), await open(start, bob)];
		const change = (current: string, next: string) =>
			people.changePassword(
				database.db,
				database.config,
				{ person: ana.id, session: here.session },
				{ current, next },
				start,
			);
		expect((await change('wrong', 'nine tin whistles')).ok).toBe(false);
		expect((await rows()).length).toBe(3);
		expect(await left()).toEqual([]);
		expect(await change('brass lantern', 'nine tin whistles')).toEqual({ ok: true });
		expect((await rows()).map(({ id }) => id).sort()).toEqual([here.session, his.session].sort());
		expect(await left()).toEqual([notice(ana, [there.session])]);
		expect((await change('nine tin whistles', 'brass lantern')).ok).toBe(true);
	});

	test('being suspended, for all of them; a lifted suspension brings none back', async () => {
		const [phone, his] = [await open(), await open(start, bob)];
		expect(await people.suspend(database.db, 'nobody', true, start)).toBeNull();
		expect(await people.suspend(database.db, 'ANA', true, start)).toMatchObject({ id: ana.id });
		expect(await people.suspend(database.db, 'ana', true, after(60))).toMatchObject({ id: ana.id });
		await expect(open()).rejects.toThrow('nobody');
		expect(await left()).toEqual([notice(ana, [phone.session], 'suspended')]);
		expect((await rows()).map(({ id }) => id)).toEqual([his.session]);
		expect(await people.me(database.db, ana.id)).toBeNull();
		await people.suspend(database.db, 'ana', false, after(120));
		expect(await left()).toHaveLength(1);
		expect(await people.me(database.db, ana.id)).toEqual(ana);
		await open();
	});

	test('from then on the session signs nobody in', async () => {
		const [phone, laptop] = [await open(), await open()];
		const asks = ({ session }: sessions.Tokens, person = ana) =>
			people.signedIn(database.db, { person: person.id, session });
		expect(await asks(phone)).toEqual(ana);
		expect(await asks(phone, bob)).toBeNull();
		await sessions.end(database.db, phone.session);
		expect(await asks(phone)).toBeNull();
		expect(await asks(laptop)).toEqual(ana);
	});
});

describe('devices', () => {
	test('are listed with the last used first, and each person has their own', async () => {
		const recently = new Date(Date.now() - 60_000);
		const now = new Date();
		const phone = await sessions.open(database.db, database.config, ana.id, 'Safari on iPhone', recently);
		const laptop = await sessions.open(database.db, database.config, ana.id, 'Firefox on Linux', recently);
		await sessions.open(database.db, database.config, bob.id, 'Chrome on Windows', recently);
		await renew(phone.refresh, now);
		expect(await sessions.list(database.db, ana.id)).toEqual([
			{ id: phone.session, device: 'Safari on iPhone', createdAt: recently, lastUsedAt: now },
			{ id: laptop.session, device: 'Firefox on Linux', createdAt: recently, lastUsedAt: recently },
		]);
	});

	test('one is logged out, by itself or from another; nobody logs out that of somebody else', async () => {
		const { db } = database;
		const [phone, laptop, tablet] = [await open(), await open(), await open()];
		const his = await open(start, bob);
		await sessions.end(db, phone.session);
		await sessions.end(db, phone.session);
		expect(await renew(phone.refresh, after(1))).toMatchObject({ kind: 'ended' });
		await sessions.endMine(db, ana.id, tablet.session);
		await sessions.endMine(db, ana.id, his.session);
		expect(await renew(tablet.refresh, after(1))).toMatchObject({ kind: 'ended' });
		await rotate(laptop.refresh, after(1));
		await rotate(his.refresh, after(1));
	});

	test('sweep deletes what has run out', async () => {
		const [old, young] = [await open(start), await open(after(DAY))];
		await sessions.sweep(database.db, after(90 * DAY));
		expect((await rows()).map(({ id }) => id)).toEqual([young.session]);
		expect(old.session).not.toBe(young.session);
	});
});
