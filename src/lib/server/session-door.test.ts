import { SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import type { Me } from './people.ts';
import { enter, readCookies, setCookies } from './session-door.ts';
import * as sessions from './sessions.ts';

let database: TestDatabase;
let ana: Me;
beforeAll(async () => {
	database = await testDatabase();
	ana = await addPerson(database.db, 'ana');
});
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const open = (at = start) => sessions.open(database.db, database.config, ana.id, 'Firefox', at);

/** Any use of it is a failure of the test. */
const noDatabase = new Proxy(
	{},
	{
		get: () => {
			throw new Error('The database was asked.');
		},
	},
) as TestDatabase['db'];

const NOBODY = { who: null };
const CLEARED = { who: null, clear: true };

describe('enter', () => {
	test('a valid access token is enough, without the database', async () => {
		const { access, session } = await open();
		const door = { db: noDatabase, config: database.config };
		expect(await enter(door, { access }, after(299))).toEqual({
			who: { person: ana.id, session, username: 'ana' },
		});
		expect(await enter(door, { access, refresh: 'nonsense' }, after(299))).toEqual({
			who: { person: ana.id, session, username: 'ana' },
		});
	});

	test('nothing is nobody, and there is nothing to forget', async () => {
		expect(await enter(database, {}, start)).toEqual(NOBODY);
		expect(await enter(database, { access: '', refresh: '' }, start)).toEqual(NOBODY);
	});

	test('an access token that ran out opens nothing by itself', async () => {
		const { access } = await open();
		expect(await enter(database, { access }, after(300))).toEqual(CLEARED);
	});

	test.each(['expired', 'missing', 'malformed'])(
		'with the access token %s, the refresh token is changed',
		async (how) => {
			const { access, refresh, session } = await open();
			const entry = await enter(
				database,
				{ refresh, ...(how !== 'missing' && { access: how === 'expired' ? access : 'malformed' }) },
				after(301),
			);
			expect(entry.who).toEqual({ person: ana.id, session, username: 'ana' });
			expect(Object.keys(entry).sort()).toEqual(['set', 'who']);
			expect(Object.keys(entry.set!).sort()).toEqual([
				'access',
				'accessExpires',
				'refresh',
				'refreshExpires',
				'session',
			]);
			const again = await enter(
				{ db: noDatabase, config: database.config },
				{ access: entry.set!.access },
				after(600),
			);
			expect(again.who).toEqual({ person: ana.id, session, username: 'ana' });
		},
	);

	test('a parallel request gets an access token alone', async () => {
		const { refresh } = await open();
		await enter(database, { refresh }, after(301));
		const late = await enter(database, { refresh }, after(302));
		expect(late.who?.person).toBe(ana.id);
		expect(Object.keys(late.set!).sort()).toEqual(['access', 'accessExpires', 'session']);
		expect(setCookies(late)).toHaveLength(1);
	});

	test('a session that has ended lets nobody in, and its cookies are forgotten', async () => {
		const { access, refresh, session } = await open();
		await sessions.end(database.db, session);
		expect(await enter(database, { access, refresh }, after(301))).toEqual(CLEARED);
	});

	test('garbage is nobody', async () => {
		for (const access of [
			'x',
			'..',
			'a.b.c',
			'{"alg":"none"}',
			'e30.e30.',
			'\u0000',
			'ü'.repeat(10),
			'x'.repeat(100_000),
		]) {
			expect(await enter(database, { access }, start)).toEqual(CLEARED);
			expect(await enter(database, { access, refresh: access }, start)).toEqual(CLEARED);
		}
	});

	describe('a token that this server did not sign', () => {
		const claims = () => ({ sid: 'aaaaaaaaaaaaaaaaaaaa', username: 'ana' });
		const sign = (
			change: (jwt: SignJWT) => SignJWT,
			secret = database.config.sessionSecret,
			alg = 'HS256',
		) => {
			const jwt = new SignJWT(claims())
				.setProtectedHeader({ alg })
				.setSubject(ana.id)
				.setIssuer('kith')
				.setAudience('kith')
				.setIssuedAt(start)
				.setExpirationTime(after(300));
			return change(jwt).sign(secret);
		};
		const itself = (jwt: SignJWT) => jwt;

		test('would be let in if it were signed right', async () => {
			expect((await enter(database, { access: await sign(itself) }, start)).who).toEqual({
				person: ana.id,
				session: 'aaaaaaaaaaaaaaaaaaaa',
				username: 'ana',
			});
		});

		test.each<[string, () => string | Promise<string>]>([
			['with another key', () => sign(itself, new Uint8Array(32))],
			['with another algorithm', () => sign(itself, database.config.sessionSecret, 'HS512')],
			[
				'with alg none',
				() =>
					new UnsecuredJWT(claims())
						.setSubject(ana.id)
						.setIssuer('kith')
						.setAudience('kith')
						.setExpirationTime(after(300))
						.encode(),
			],
			['for another audience', () => sign((jwt) => jwt.setAudience('zego'))],
			['by another issuer', () => sign((jwt) => jwt.setIssuer('somebody'))],
			[
				'without an expiry',
				() =>
					new SignJWT(claims())
						.setProtectedHeader({ alg: 'HS256' })
						.setSubject(ana.id)
						.setIssuer('kith')
						.setAudience('kith')
						.sign(database.config.sessionSecret),
			],
			[
				'without a session',
				() =>
					new SignJWT({ username: 'ana' })
						.setProtectedHeader({ alg: 'HS256' })
						.setSubject(ana.id)
						.setIssuer('kith')
						.setAudience('kith')
						.setExpirationTime(after(300))
						.sign(database.config.sessionSecret),
			],
			[
				'with changed claims',
				async () => {
					const [head, , signature] = (await sign(itself)).split('.');
					const payload = Buffer.from(
						JSON.stringify({
							...claims(),
							sub: 'evevevevev',
							iss: 'kith',
							aud: 'kith',
							exp: after(300).getTime() / 1000,
						}),
					);
					return `${head}.${payload.toString('base64url')}.${signature}`;
				},
			],
			['without its signature', async () => (await sign(itself)).replace(/[^.]*$/, '')],
		])('%s is nobody', async (_, make) => {
			const access = await make();
			expect(await enter(database, { access }, start)).toEqual(CLEARED);
		});
	});
});

describe('readCookies and setCookies', () => {
	test('the cookies of a log-in are read back', async () => {
		const tokens = await open();
		const cookies = setCookies({ set: tokens });
		expect(cookies).toEqual([
			`__Host-kith-access=${tokens.access}; Path=/; Max-Age=3900; HttpOnly; Secure; SameSite=Lax`,
			`__Host-kith-refresh=${tokens.refresh}; Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax`,
		]);
		const header = ['theme=dark', ...cookies.map((cookie) => cookie.split(';')[0]), '=', 'x'].join('; ');
		expect(readCookies(header)).toEqual({ access: tokens.access, refresh: tokens.refresh });
	});

	test('forgetting empties both', () => {
		expect(setCookies({ clear: true })).toEqual([
			'__Host-kith-access=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
			'__Host-kith-refresh=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
		]);
		expect(setCookies({})).toEqual([]);
	});

	test.each([null, '', ';;;', '=', 'kith-access=x', '__Host-kith-accessx=1', 'x=__Host-kith-access=1'])(
		'in %j there are none',
		(header) => {
			expect(readCookies(header)).toEqual({});
		},
	);

	test('of two cookies of one name the first counts', () => {
		expect(readCookies('__Host-kith-access=a; __Host-kith-access=b')).toEqual({ access: 'a' });
	});
});

describe('while the database cannot be reached', () => {
	let tokens: sessions.Tokens;
	beforeAll(async () => {
		tokens = await open();
		await database.goAway();
	});

	test('an access token that ran out less than an hour ago still lets its person in', async () => {
		const who = { person: ana.id, session: tokens.session, username: 'ana' };
		expect(await enter(database, tokens, after(299))).toEqual({ who });
		expect(await enter(database, tokens, after(301))).toEqual({ who, stale: true });
		expect(await enter(database, tokens, after(300 + 3599))).toEqual({ who, stale: true });
	});

	test('an older one does not, but the cookies are kept', async () => {
		expect(await enter(database, tokens, after(300 + 3601))).toEqual({ who: null, unreachable: true });
		expect(await enter(database, { refresh: tokens.refresh }, after(301))).toEqual({
			who: null,
			unreachable: true,
		});
	});

	test('a forged one does not', async () => {
		const forged = `${tokens.access.slice(0, -4)}AAAA`;
		expect(await enter(database, { ...tokens, access: forged }, after(301))).toEqual({
			who: null,
			unreachable: true,
		});
	});

	test('without a refresh token to ask about it is only an old access token', async () => {
		expect(await enter(database, { access: tokens.access }, after(301))).toEqual(CLEARED);
	});
});
