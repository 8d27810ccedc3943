import { createHmac } from 'node:crypto';
import type { APIResponse } from '@playwright/test';
import { expect, expectMessages, identity, openChat, say, test, type Person } from './fixtures.ts';

const ACCESS = '__Host-kith-access';
const REFRESH = '__Host-kith-refresh';

/** An answer that says no without saying too much. */
async function expectPlain(response: APIResponse, ...statuses: number[]): Promise<void> {
	const text = await response.text();
	expect(statuses, `${response.url()} ${text.slice(0, 300)}`).toContain(response.status());
	expect(text).not.toMatch(/\n\s+at .+:\d+|node_modules|\.ts:\d+|postgres:\/\//);
}

/** The room of two friends, and its address. */
async function roomOf(ana: Person, bob: Person): Promise<{ room: string; path: string }> {
	await openChat(ana.page, bob);
	const path = new URL(ana.page.url()).pathname;
	return { room: path.split('/').pop()!, path };
}

const form = (origin: string, fields: Record<string, string>) => ({
	form: fields,
	headers: { origin, accept: 'text/html' },
	maxRedirects: 0,
});

test('rooms that are not there, or not mine, are not found', async ({ friends: { ana, bob }, newcomer }) => {
	const eve = await newcomer('eve');
	const { room, path } = await roomOf(ana, bob);
	await expectPlain(await ana.context.request.get(path), 200);
	await expectPlain(await eve.context.request.get(path), 404);
	const names = [
		'x',
		'a_b',
		`${room}_`,
		`${room}x`,
		`${room.split('_')[0]}_${'z'.repeat(20)}`,
		'%00',
		'..%2f..',
		`${room}%0a`,
	];
	for (const name of names) {
		await expectPlain(await ana.context.request.get(`/chats/${name}`), 404, 400);
		await expectPlain(await ana.context.request.get(`/ws/chat/${name}`), 404, 400, 426);
	}
	const turned = await ana.context.request.get(`/chats/${room.split('_').reverse().join('_')}`);
	expect(turned.url()).toContain(room);
});

test('writing into somebody else’s room is refused', async ({ friends: { ana, bob }, newcomer, server }) => {
	const eve = await newcomer('eve');
	const { path } = await roomOf(ana, bob);
	const intrusion = { id: 'intrusion-0001', text: 'eve: was here' };
	await expectPlain(await eve.context.request.post(`${path}?/send`, form(server.url, intrusion)), 404);
	await ana.page.reload();
	await expectMessages(ana.page, 'eve: ', []);
});

test('answers carry the security headers, refusals and redirections too', async ({ request }) => {
	const answers = [
		await request.get('/login'),
		await request.get('/chats', { maxRedirects: 0 }),
		await request.get('/no-such-page'),
		await request.get('/api/me'),
		await request.post('/login', form('https://elsewhere.example', { login: 'eve' })),
	];
	expect(answers.map((answer) => answer.status())).toEqual([200, 303, 404, 401, 403]);
	for (const answer of answers) {
		expect(answer.headers(), answer.url()).toMatchObject({
			'strict-transport-security': expect.stringContaining('max-age='),
			'x-content-type-options': 'nosniff',
			'referrer-policy': 'same-origin',
			'permissions-policy': expect.stringContaining('camera=(self)'),
			'cross-origin-opener-policy': 'same-origin',
			'cross-origin-resource-policy': 'same-origin',
		});
	}
	expect(answers[0]!.headers()['content-security-policy']).toContain("default-src 'none'");
});

test('forms from elsewhere are refused, and so are sockets', async ({ friends: { ana, bob }, server }) => {
	const { room, path } = await roomOf(ana, bob);
	const message = { id: 'elsewhere-0001', text: 'elsewhere: hello' };
	await expectPlain(
		await ana.context.request.post(`${path}?/send`, form('https://evil.example', message)),
		403,
	);
	const upgrade = {
		connection: 'Upgrade',
		upgrade: 'websocket',
		'sec-websocket-version': '13',
		'sec-websocket-key': 'a'.repeat(22) + '==',
	};
	const socket = await ana.context.request.get(`/ws/chat/${room}`, {
		headers: { ...upgrade, origin: 'https://evil.example' },
	});
	await expectPlain(socket, 403);
	await ana.page.reload();
	await expectMessages(ana.page, 'elsewhere: ', []);
	expect(server.output).not.toContain('evil.example');
});

test('a form sent twice is one message', async ({ friends: { ana, bob }, server }) => {
	const { path } = await roomOf(ana, bob);
	const message = form(server.url, { id: 'twice-0001', text: 'twice: once' });
	const answers = await Promise.all([1, 2, 3].map(() => ana.context.request.post(`${path}?/send`, message)));
	for (const answer of answers) await expectPlain(answer, 303, 200);
	await ana.page.reload();
	await expectMessages(ana.page, 'twice: ', ['twice: once']);
});

test('messages that are no messages are refused in words', async ({ friends: { ana, bob }, server }) => {
	const { path } = await roomOf(ana, bob);
	const send = (fields: Record<string, string>) =>
		ana.context.request.post(`${path}?/send`, form(server.url, fields));
	await expectPlain(await send({ id: 'bad-0001', text: '' }), 400);
	await expectPlain(await send({ id: 'bad-0002', text: '   \n ' }), 400);
	await expectPlain(await send({ id: 'bad-0003', text: 'x'.repeat(4_001) }), 400);
	await expectPlain(await send({ id: 'no', text: 'bad: id' }), 400);
	await expectPlain(await send({}), 400);
	await expectPlain(
		await ana.context.request.post(`${path}?/send`, {
			data: '{"text": ',
			headers: { origin: server.url, 'content-type': 'application/json' },
		}),
		400,
		415,
	);
	await say(ana.page, 'bad: still works');
	await expectMessages(ana.page, 'bad: ', ['bad: still works']);
});

test('forged and foreign sessions are nobody’s', async ({ friends: { ana, bob }, playwright, server }) => {
	const { path } = await roomOf(ana, bob);
	const cookies = await ana.context.cookies();
	const access = cookies.find(({ name }) => name === ACCESS)?.value ?? '';
	const [head = '', body = ''] = access.split('.');
	const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const wrongKey = createHmac('sha256', 'another key').update(`${head}.${body}`).digest('base64url');
	const forged = {
		'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${body}.`,
		'wrong key': `${head}.${body}.${wrongKey}`,
		'no signature': `${head}.${body}.`,
		'not a token': 'hello',
		'very long': 'x'.repeat(5_000),
	};
	const get = async (cookie: string) => {
		const stranger = await playwright.request.newContext({
			baseURL: server.url,
			extraHTTPHeaders: { cookie },
		});
		const answer = await stranger.get(path, { maxRedirects: 0 });
		return { status: answer.status(), location: answer.headers().location ?? '' };
	};
	expect((await get(`${ACCESS}=${access}`)).status).toBe(200);
	for (const [what, token] of Object.entries(forged)) {
		const { status, location } = await get(`${ACCESS}=${token}; ${REFRESH}=${token}`);
		expect({ what, status }).toEqual({ what, status: 303 });
		expect(location).toContain('/login');
	}
});

test('registering takes nothing odd', async ({ page, server, request }) => {
	const good = identity('eve');
	const fields = { username: good.name, email: good.email, password: good.password };
	const attempt = (changed: Record<string, string>) =>
		request.post('/register', form(server.url, { ...fields, ...changed }));
	await expectPlain(await attempt({ username: '<script>' }), 400);
	await expectPlain(await attempt({ username: 'ab' }), 400);
	await expectPlain(await attempt({ username: 'x'.repeat(31) }), 400);
	await expectPlain(await attempt({ email: 'nowhere' }), 400);
	await expectPlain(await attempt({ password: 'password' }), 400);
	await expectPlain(await attempt({ password: `${good.name}1` }), 400);
	await expectPlain(await attempt({ password: 'short' }), 400);
	await expectPlain(await attempt({ phone: 'call me' }), 400);
	await expectPlain(await attempt({ about: 'x'.repeat(100_000) }), 400, 413);
	await expectPlain(
		await request.post('/register', { headers: { origin: server.url }, data: 'x'.repeat(3_000_000) }),
		400,
		413,
		415,
	);
	// Twice at once is one account, and the other one is told.
	const both = await Promise.all([attempt({}), attempt({})]);
	expect(both.map((answer) => answer.status()).toSorted()).toEqual([303, 400]);
	await page.goto(`/login?next=//evil.example`);
	await page.getByRole('textbox', { name: 'Username or email' }).fill(good.name);
	await page.getByLabel('Password', { exact: true }).fill(good.password);
	await page.getByRole('button', { name: 'Log in', exact: true }).click();
	await page.waitForURL(`${server.url}/chats`);
});
