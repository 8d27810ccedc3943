import { env, exports } from 'cloudflare:workers';
import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { roomName } from '#lib/chat/room-name.ts';
import { knock, ORIGIN, protocol, register, Tab, text, withoutDatabase } from './testing.ts';

type Someone = Awaited<ReturnType<typeof register>>;
let ana: Someone, bob: Someone, eve: Someone, carol: Someone;
let room: string;

beforeAll(async () => {
	[ana, bob, eve, carol] = (await Promise.all(['ana', 'bob', 'eve', 'carol'].map(register))) as [
		Someone,
		Someone,
		Someone,
		Someone,
	];
	room = roomName(ana.id, bob.id);
	for (const pair of [room, roomName(eve.id, carol.id)])
		await env.ROOMS.getByName(pair).setStatus({ open: true, epoch: 1 });
});

afterEach(() => vi.restoreAllMocks());

const cookie = ({ access, refresh }: Partial<Someone>) => ({
	cookie: [access && `__Host-kith-access=${access}`, refresh && `__Host-kith-refresh=${refresh}`]
		.filter(Boolean)
		.join('; '),
});
const bearer = (token: string) => ({ 'sec-websocket-protocol': `kith.v1, bearer.${token}` });

/** Without an Origin, as clients that are no browsers ask. */
const knockBare = (path: string, headers: Record<string, string>) =>
	exports.default.fetch(
		new Request(ORIGIN + path, { headers: { upgrade: 'websocket', host: 'kith.test', ...headers } }),
	);

/** Status and code of a refusal, after seeing that it is one as all of them are. */
async function refusal(answer: Response): Promise<[status: number, code: string]> {
	expect(answer.webSocket).toBeNull();
	expect(answer.headers.get('content-type')).toBe('application/problem+json');
	const body = await answer.json<Record<string, unknown>>();
	expect(body).toEqual({
		type: 'about:blank',
		status: answer.status,
		code: expect.any(String),
		detail: expect.stringMatching(/^[A-Z].*\.$/),
		...('id' in body ? { id: expect.any(String) } : {}),
	});
	return [answer.status, String(body.code)];
}

describe('D1: a socket opens', () => {
	test('for both members, by cookie, and they hear each other', async () => {
		const tabs = [];
		for (const member of [ana, bob]) {
			const answer = await knock(`/ws/chat/${room}`, { ...cookie(member), ...protocol });
			expect(answer.status).toBe(101);
			expect(answer.headers.get('sec-websocket-protocol')).toBe('kith.v1');
			expect(answer.headers.get('set-cookie')).toBeNull();
			tabs.push(new Tab(answer.webSocket!));
		}
		tabs[0]!.say({ type: 'send', id: 'through-the-door', body: text('hi') });
		expect(await tabs[1]!.next()).toMatchObject({ message: { from: ana.id } });
	});

	test('for a bearer token, with or without an Origin; the token is not echoed', async () => {
		for (const open of [knock, knockBare]) {
			const answer = await open(`/ws/chat/${room}`, bearer(ana.access));
			expect(answer.status).toBe(101);
			expect(answer.headers.get('sec-websocket-protocol')).toBe('kith.v1');
			expect(JSON.stringify([...answer.headers])).not.toContain(ana.access);
		}
	});

	test('for a client that offers no protocol, without naming one', async () => {
		const answer = await knock(`/ws/chat/${room}`, cookie(ana));
		expect(answer.status).toBe(101);
		expect(answer.headers.get('sec-websocket-protocol')).toBeNull();
	});

	test('while the database cannot be reached', async () => {
		const asked = withoutDatabase();
		expect((await knock(`/ws/chat/${room}`, cookie(ana))).status).toBe(101);
		expect((await knock(`/ws/chat/${room}`, { cookie: `__Host-kith-access=${ana.access}` })).status).toBe(
			101,
		);
		expect(asked).not.toHaveBeenCalled();
	});

	test('with a refresh token alone, and renews the cookies on the 101', async () => {
		const dora = await register('dora');
		const hers = roomName(dora.id, ana.id);
		await env.ROOMS.getByName(hers).setStatus({ open: true, epoch: 1 });
		const answer = await knock(`/ws/chat/${hers}`, cookie({ refresh: dora.refresh }));
		expect(answer.status).toBe(101);
		const cookies = answer.headers.getSetCookie();
		expect(cookies.map((line) => line.split('=', 1)[0])).toContain('__Host-kith-access');
		for (const line of cookies) expect(line).toMatch(/; *HttpOnly/i);
	});
});

describe('D1: before any upgrade', () => {
	test('426: who asks for no socket', async () => {
		const answer = await exports.default.fetch(`${ORIGIN}/ws/chat/${room}`, { headers: cookie(ana) });
		expect(answer.headers.get('upgrade')).toBe('websocket');
		expect(await refusal(answer)).toEqual([426, 'upgrade_required']);
	});

	test.each([
		'http://evil.test',
		'https://kith.test.evil.test',
		'http://kith.test:8080',
		'http://evil.test/kith.test',
		'null',
		'kith.test',
		'http://',
	])('403: a socket from the Origin %j', async (origin) => {
		expect(await refusal(await knock(`/ws/chat/${room}`, { ...cookie(ana), origin }))).toEqual([
			403,
			'foreign_origin',
		]);
		expect(await refusal(await knock(`/ws/chat/${room}`, { ...bearer(ana.access), origin }))).toEqual([
			403,
			'foreign_origin',
		]);
	});

	test('403: cookies without an Origin', async () => {
		expect(await refusal(await knockBare(`/ws/chat/${room}`, cookie(ana)))).toEqual([403, 'foreign_origin']);
	});

	test('401: nobody, and a bearer that is nobody beside good cookies', async () => {
		expect(await refusal(await knock(`/ws/chat/${room}`))).toEqual([401, 'no_session']);
		expect(await refusal(await knock(`/ws/chat/${room}`, { ...cookie(ana), ...bearer('nonsense') }))).toEqual(
			[401, 'no_session'],
		);
		expect(await refusal(await knock(`/ws/chat/${room}`, { ...cookie(ana), ...bearer('') }))).toEqual([
			401,
			'no_session',
		]);
	});

	test('401: forged tokens', async () => {
		const claims = decodeJwt(ana.access);
		const header = decodeProtectedHeader(ana.access);
		const key = new TextEncoder().encode(env.SESSION_SECRET);
		const sign = (payload: object, alg: string, secret: Uint8Array) =>
			new SignJWT({ ...payload }).setProtectedHeader({ ...header, alg }).sign(secret);
		const [head, payload, signature] = ana.access.split('.') as [string, string, string];
		const base64 = (json: object) =>
			btoa(JSON.stringify(json)).replace(/=+$/, '').replace(/\+/g, '-').replace(/\//g, '_');

		// That the forger's tools make tokens that are believed shows that each of the others fails for its own fault.
		const believed = await sign(claims, String(header.alg), key);
		expect((await knock(`/ws/chat/${room}`, bearer(believed))).status).toBe(101);

		const wrongKey = new TextEncoder().encode('a secret for tests only, as long as a real one would not be');
		const forged = {
			'no algorithm': `${base64({ ...header, alg: 'none' })}.${payload}.`,
			'no algorithm, old signature': `${base64({ ...header, alg: 'none' })}.${payload}.${signature}`,
			'no algorithm, in capitals': `${base64({ ...header, alg: 'NONE' })}.${payload}.`,
			'another algorithm': await sign(claims, 'HS512', key),
			'a wrong key': await sign(claims, String(header.alg), wrongKey),
			'an empty key': await sign(claims, String(header.alg), new Uint8Array(32)),
			'another person under the old signature': `${head}.${base64({ ...claims, sub: bob.id })}.${signature}`,
			'no expiry': await sign({ ...claims, exp: undefined }, String(header.alg), key),
			'no person': await sign({ ...claims, sub: undefined }, String(header.alg), key),
			'a person who is a list': await sign({ ...claims, sub: [ana.id] }, String(header.alg), key),
			'no signature': `${head}.${payload}.`,
			'two parts': `${head}.${payload}`,
			'the refresh token': ana.refresh,
			nothing: '',
		};
		for (const [fault, token] of Object.entries(forged)) {
			const answers = [
				await knock(`/ws/chat/${room}`, bearer(token)),
				await knock(`/ws/chat/${room}`, { cookie: `__Host-kith-access=${token}` }),
			];
			for (const answer of answers)
				expect([fault, ...(await refusal(answer))]).toEqual([fault, 401, 'no_session']);
		}
	});

	test('401: an expired token; and one from too long ago even while the database cannot be reached', async () => {
		const claims = decodeJwt(ana.access);
		const header = decodeProtectedHeader(ana.access);
		const expired = (minutes: number) =>
			new SignJWT({ ...claims, exp: Math.floor(Date.now() / 1000) - minutes * 60 })
				.setProtectedHeader({ ...header, alg: String(header.alg) })
				.sign(new TextEncoder().encode(env.SESSION_SECRET));
		const [lately, longAgo] = [await expired(10), await expired(70)];
		for (const token of [lately, longAgo]) {
			expect(await refusal(await knock(`/ws/chat/${room}`, bearer(token)))).toEqual([401, 'no_session']);
			expect(
				await refusal(await knock(`/ws/chat/${room}`, { cookie: `__Host-kith-access=${token}` })),
			).toEqual([401, 'no_session']);
		}
		withoutDatabase();
		expect((await knock(`/ws/chat/${room}`, cookie({ access: lately, refresh: ana.refresh }))).status).toBe(
			101,
		);
		const answer = await knock(`/ws/chat/${room}`, cookie({ access: longAgo, refresh: ana.refresh }));
		expect([401, 503]).toContain((await refusal(answer))[0]);
	});

	test('404: eve, who has a room of her own, at the room of ana and bob', async () => {
		expect((await knock(`/ws/chat/${roomName(eve.id, carol.id)}`, cookie(eve))).status).toBe(101);
		expect(await refusal(await knock(`/ws/chat/${room}`, cookie(eve)))).toEqual([404, 'unknown_room']);
		expect(await refusal(await knock(`/ws/chat/${room}`, bearer(eve.access)))).toEqual([404, 'unknown_room']);
	});

	test('404: a room of two people who never were friends, which then still has nothing stored', async () => {
		const pair = roomName(eve.id, ana.id);
		expect(await refusal(await knock(`/ws/chat/${pair}`, cookie(eve)))).toEqual([404, 'unknown_room']);
		expect(await env.ROOMS.getByName(pair).history(eve.id, {})).toMatchObject({ messages: [], last: 0 });
		expect(await env.ROOMS.getByName(pair).send(eve.id, 'knock-knock', text('hi'))).toEqual({
			ok: false,
			code: 'ended',
		});
	});

	test('400: a client that speaks only another protocol', async () => {
		const answer = await knock(`/ws/chat/${room}`, {
			...cookie(ana),
			'sec-websocket-protocol': 'kith.v9, chat',
		});
		expect(await refusal(answer)).toEqual([400, 'unknown_protocol']);
	});

	test('D4, 403: a former friend', async () => {
		const former = roomName(ana.id, carol.id);
		await env.ROOMS.getByName(former).setStatus({ open: false, epoch: 2 });
		expect(await refusal(await knock(`/ws/chat/${former}`, cookie(carol)))).toEqual([403, 'ended']);
		expect(await refusal(await knock(`/ws/chat/${former}`, cookie(eve)))).toEqual([404, 'unknown_room']);
	});
});

describe('D2: the name of a room', () => {
	test('means the same in both orders', async () => {
		const [one, other] = room.split('_') as [string, string];
		const tabs = [];
		for (const name of [`${one}_${other}`, `${other}_${one}`]) {
			const answer = await knock(`/ws/chat/${name}`, cookie(ana));
			expect(answer.status).toBe(101);
			tabs.push(new Tab(answer.webSocket!));
		}
		tabs[0]!.say({ type: 'send', id: 'both-orders', body: text('hi') });
		expect(await tabs[1]!.next()).toMatchObject({ message: { id: 'both-orders' } });
	});

	test.each([
		['one person', () => ana.id],
		['oneself', () => `${ana.id}_${ana.id}`],
		['three people', () => `${room}_${ana.id}`],
		['capitals', () => room.toUpperCase()],
		['nothing before', () => `_${ana.id}`],
		['nothing after', () => `${ana.id}_`],
		['a percent sign', () => `${room}%`],
		['a bad escape', () => '%ff%zz'],
		['an escaped null', () => `${room}%00`],
		['an escaped slash', () => `${ana.id}%2f${bob.id}`],
		['a path upwards', () => `..%2f..%2f${room}`],
		['something very long', () => 'a'.repeat(5000)],
		['a quotation mark', () => `${room}'%20or%201=1--`],
	])('404: %s', async (_, name) => {
		expect((await refusal(await knock(`/ws/chat/${name()}`, cookie(ana))))[0]).toBe(404);
	});

	test('404: other addresses for sockets', async () => {
		for (const path of ['/ws', '/ws/', '/ws/chat', '/ws/chat/', `/ws/chat/${room}/more`, '/ws/other'])
			expect([path, (await knock(path, cookie(ana))).status]).toEqual([path, 404]);
	});
});

test('D3: headers that a client sends under our names change nothing', async () => {
	const answer = await knock(`/ws/chat/${room}`, {
		...cookie(ana),
		'x-kith-person': bob.id,
		'x-kith-session': 'x',
		'x-kith-room': roomName(eve.id, carol.id),
	});
	const tab = new Tab(answer.webSocket!);
	tab.say({ type: 'send', id: 'who-am-i-now', body: text('hi') });
	expect(await tab.next()).toMatchObject({ message: { from: ana.id } });
	expect(await refusal(await knock(`/ws/chat/${room}`, { ...cookie(eve), 'x-kith-person': ana.id }))).toEqual(
		[404, 'unknown_room'],
	);
});

describe('everything else', () => {
	test('is a page', async () => {
		expect(await (await exports.default.fetch(`${ORIGIN}/chats`)).text()).toBe('page /chats');
		const posted = await exports.default.fetch(`${ORIGIN}/login`, { method: 'POST', body: 'x' });
		expect(await posted.text()).toBe('page /login');
	});

	test('a fault is logged once and answered with a sentence and the id of that line, and no more', async () => {
		const lines: string[] = [];
		vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
		const answer = await exports.default.fetch(`${ORIGIN}/broken?token=abc`);
		const body = await answer.clone().text();
		expect(await refusal(answer)).toEqual([500, 'failed']);
		expect(body).not.toMatch(/secret|at .*\.ts|Error/);
		expect(lines).toHaveLength(1);
		expect(JSON.parse(lines[0]!)).toMatchObject({
			event: 'request_failed',
			id: JSON.parse(body).id,
			method: 'GET',
			path: '/broken',
			error: { message: 'a secret of the inside' },
		});
		expect(lines[0]).not.toContain('abc');
	});

	test('503: a room that was never opened here while the database cannot be reached', async () => {
		withoutDatabase();
		const answer = await knock(`/ws/chat/${roomName(bob.id, carol.id)}`, cookie(bob));
		expect(answer.headers.get('retry-after')).toBe('5');
		expect(await refusal(answer)).toEqual([503, 'unavailable']);
	});
});
