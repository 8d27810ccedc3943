import { inboxClientFrame } from '#lib/chat/inbox-protocol.ts';
import { clientFrame } from '#lib/chat/protocol.ts';
import { operationsOfPages, operationsOfWorker } from '../routes.ts';
import { cast, HERS, Line, ONLY_FOR_US, raw, type Asking, type Cast } from './askers.ts';
import { expect, identity, test } from './fixtures.ts';
import type { Server } from './server.ts';

/*
 * Who may what: every route, method and frame as everybody who could ask. The friend in all rooms is ana; the stranger asks
 * for a room of hers with somebody else.
 */

const ROLES = ['anonymous', 'stranger', 'former friend', 'member', 'suspended'] as const;
type Role = (typeof ROLES)[number];

/** A status; `login` is a redirect to the log-in page, `in` one to the chats. */
type Outcome = number | 'login' | 'in';
/** Of everybody, in the order of ROLES; or of whoever is signed in, and of the two others. */
type Outcomes = [Outcome, Outcome, Outcome, Outcome, Outcome] | [signedIn: Outcome, else_: Outcome];

const form = (fields: Record<string, string> = {}): Asking => ({ form: fields });
const json = (body: unknown): Asking => ({ json: body });
const SOCKET: Asking = { upgrade: true };
const ABOUT_ANA = form({ person: '[ana]' });
const SAID = json({ body: { kind: 'text', text: 'hello' } });
const MINE = 'matrix-message';

/** What is asked, in this order: what ends something comes last. Placeholders are filled in by `filled`. */
const TABLE: [operation: string, outcomes: Outcomes, asking?: Asking][] = [
	['GET /', ['in', 200]],
	['GET /login', ['in', 200]],
	['GET /register', ['in', 200]],
	['GET /forgot', ['in', 200]],
	['GET /reset/[token]', ['in', 200]],
	['POST /login', ['in', 400], form({ login: 'nobody', password: 'wrong' })],
	['POST /register', ['in', 400], form()],
	['POST /forgot', ['in', 400], form({ email: 'no address' })],
	['POST /reset/[token]', ['in', 410], form({ password: 'a long enough passphrase' })],

	['GET /chats', [200, 'login']],
	['GET /contacts', [200, 'login']],
	['GET /people', [200, 'login']],
	['GET /invitations', [200, 'login']],
	['GET /calls', [200, 'login']],
	['GET /settings', [200, 'login']],
	['GET /chats/[room]', ['login', 404, 200, 200, 'login']],
	['POST /chats/[room]?/send', ['login', 404, 403, 303, 'login'], form({ id: MINE, text: 'hello' })],
	['GET /chats/[room]/messages', ['login', 404, 200, 200, 'login']],
	// An id names a message of one's own. Hers is there, and says so to nobody but her friend.
	['POST /chats/[room]?/delete', ['login', 404, 400, 400, 'login'], form({ id: HERS })],
	['DELETE /chats/[room]/messages', ['login', 404, 404, 404, 'login']],
	['POST /chats/[room]?/mute', ['login', 404, 200, 200, 'login'], form({ muted: '1' })],
	// Accepting what was accepted, and ending what was ended, is as good.
	['POST /people?/accept', ['login', 409, 409, 200, 'login'], ABOUT_ANA],
	['POST /people?/decline', ['login', 409, 409, 409, 'login'], ABOUT_ANA],
	['POST /people?/invite', ['login', 200, 200, 409, 'login'], ABOUT_ANA],
	['POST /people?/cancel', ['login', 200, 200, 409, 'login'], ABOUT_ANA],
	['POST /invitations?/accept', ['login', 409, 409, 200, 'login'], ABOUT_ANA],
	['POST /invitations?/decline', ['login', 409, 409, 409, 'login'], ABOUT_ANA],
	['POST /invitations?/invite', ['login', 200, 200, 409, 'login'], ABOUT_ANA],
	['POST /invitations?/cancel', ['login', 200, 200, 409, 'login'], ABOUT_ANA],
	['POST /invitations?/seen', [200, 'login'], form()],
	['POST /settings?/profile', [200, 'login'], form({ name: '', about: '', phone: '' })],
	['POST /settings?/appearance', [200, 'login'], form({ appearance: 'dark' })],
	['POST /settings?/password', [400, 'login'], form({ current: 'wrong', next: 'x' })],
	// Somebody else's: it is not ended, which is looked at in the end, and nobody is told that it exists.
	['POST /settings?/device', [200, 'login'], form({ session: '[session of ana]' })],

	['GET /api/openapi.json', [200, 200]],
	['GET /api/session', [200, 401]],
	['GET /api/me', [200, 401]],
	['PATCH /api/me', [200, 401], json({ about: 'still here' })],
	['GET /api/people', [200, 401]],
	['GET /api/friends', [200, 401]],
	['GET /api/invitations', [200, 401]],
	['POST /api/invitations/seen', [204, 401]],
	['POST /api/invitations/[person]/accept', [401, 404, 404, 200, 401]],
	['POST /api/invitations/[person]/refuse', [404, 401]],
	['PUT /api/invitations/[person]', [401, 200, 200, 409, 401]],
	['DELETE /api/invitations/[person]', [401, 204, 204, 404, 401]],
	['GET /api/rooms/[room]/messages', [401, 404, 200, 200, 401]],
	['PUT /api/rooms/[room]/messages/[id]', [401, 404, 403, 200, 401], SAID],
	['DELETE /api/rooms/[room]/messages/[id]', [401, 404, 403, 403, 401]],
	['POST /api/register', [422, 422], json({ username: '', email: '', password: '' })],
	['POST /api/login', [401, 401], json({ login: 'nobody', password: 'wrong' })],
	['POST /api/refresh', [401, 401], json({ refresh: 'nonsense' })],
	['fallback /api/[...path]', [404, 404]],

	['GET /ws/chat/:room', [401, 404, 403, 101, 401], SOCKET],
	['GET /ws/inbox', [101, 401], SOCKET],
	['ALL /ws/*', [404, 404]],
	// Whoever may upload is asked how much it is.
	['POST /media/:room', [401, 404, 411, 411, 401]],
	['GET /media/:room/:id', [404, 401]],
	['POST /avatars', [411, 401]],
	['DELETE /avatars', [204, 401]],
	['GET /avatars/:person/:version', [404, 401]],
	// No session makes anybody who runs this Kith.
	['POST /operator/archive', [401, 401], json({})],
	['POST /operator/notices', [401, 401], json({})],

	['POST /chats/[room]?/remove', ['login', 404, 303, 303, 'login'], form()],
	['DELETE /api/friends/[room]', [401, 404, 204, 204, 401]],
	['POST /api/logout', [204, 401]],
	['POST /logout', [303, 303]],
];

const outcomeFor = (role: Role, outcomes: Outcomes): Outcome => {
	if (outcomes.length === 5) return outcomes[ROLES.indexOf(role)]!;
	return outcomes[role === 'anonymous' || role === 'suspended' ? 1 : 0];
};

interface Asker {
	access?: string;
	room: string;
}

let people: Cast;
let askers: Record<Role, Asker>;

test.describe.configure({ mode: 'default' });

test.beforeAll(async ({ server }) => {
	people = await cast(server);
	const eve = await people.kith.register(identity('eve'));
	const [bob, fay, gus] = [
		await people.member('bob'),
		await people.member('fay'),
		await people.member('gus'),
	];
	await fay.client.call('delete /api/friends/{room}', { path: { room: fay.room } });
	// D4: the line that is open closes, and then no other opens.
	const line = await Line.open(server, '/ws/inbox', gus.client.tokens.access);
	await server.suspend(gus.name);
	expect(await line.closed).toBe(4004);
	askers = {
		anonymous: { room: bob.room },
		stranger: { access: eve.tokens.access, room: bob.room },
		'former friend': { access: fay.client.tokens.access, room: fay.room },
		member: { access: bob.client.tokens.access, room: bob.room },
		suspended: { access: gus.client.tokens.access, room: gus.room },
	};
});

test('every route has a line in the table, and every line a route', () => {
	const lines = TABLE.map(([operation]) => operation);
	expect(lines.sort()).toEqual([...operationsOfPages(), ...operationsOfWorker()].sort());
});

for (const role of ['anonymous', 'stranger', 'former friend', 'suspended', 'member'] as const)
	test(`every route answers ${role === 'anonymous' ? 'nobody' : `a ${role}`} as the table says`, async ({
		server,
	}) => {
		const asker = askers[role];
		const answered: Record<string, Outcome> = {};
		const expected: Record<string, Outcome> = {};
		for (const [operation, outcomes, asking = {}] of TABLE) {
			const [method = '', address = ''] = operation.split(' ');
			const outcome = outcomeFor(role, outcomes);
			const [path, filled] = fill(address, asker, asking);
			expected[operation] = outcome;
			answered[operation] = await outcomeOf(server, path, asker, {
				...filled,
				method: method === 'ALL' || method === 'fallback' ? 'GET' : method,
			});
			if (method !== 'GET' || /\/(api|ws|media|avatars|messages)\b/.test(address)) continue;
			// What a page is made of may be asked for without the page.
			const data = `${path === '/' ? '' : path}/__data.json`;
			expected[data] = outcome;
			answered[data] = await outcomeOf(server, data, asker);
		}
		expect(answered).toEqual(expected);
	});

test('after all that ana is logged in, and her words are there', async () => {
	expect((await people.ana.call('get /api/me')).status).toBe(200);
	for (const role of ['former friend', 'member', 'suspended'] as const) {
		const path = { room: askers[role].room };
		const { body } = await people.ana.call('get /api/rooms/{room}/messages', { path });
		expect(body.messages[0].body, role).toEqual({ kind: 'text', text: ONLY_FOR_US });
	}
});

/** Path and body of a line of the table for somebody. */
function fill(address: string, asker: Asker, { form, ...asking }: Asking): [string, Asking] {
	const path = address
		.replace(/\[room\]|:room/, asker.room)
		.replace(/\[person\]|:person/, people.ana.id)
		.replace('[id]', asking.json ? MINE : HERS)
		.replace(':id', '00000000-0000-4000-8000-000000000000')
		.replace(':version', '0'.repeat(32))
		.replace('[token]', 'A'.repeat(43))
		.replace('[...path]', 'nothing/here')
		.replace('*', 'nothing')
		.replace(/\/messages$/, address.startsWith('/chats') ? `/messages?before=2&id=${HERS}` : '/messages');
	if (!form) return [path, asking];
	const known: Record<string, string> = {
		'[ana]': people.ana.id,
		'[session of ana]': sessionOf(people.ana.tokens.access),
	};
	const fields = Object.entries(form).map(([name, value]) => [name, known[value] ?? value]);
	return [path, { ...asking, form: Object.fromEntries(fields) as Record<string, string> }];
}

function sessionOf(access: string): string {
	const claims = JSON.parse(Buffer.from(access.split('.')[1]!, 'base64url').toString()) as { sid: string };
	expect(claims.sid).toMatch(/\w{8}/);
	return claims.sid;
}

async function outcomeOf(
	server: Server,
	path: string,
	{ access }: Asker,
	asking: Asking = {},
): Promise<Outcome> {
	const { status, location, text } = await raw(server, path, { ...asking, access });
	if (path.endsWith('/__data.json') && status === 200) return outcomeOfData(text);
	return redirected(location) ?? status;
}

function redirected(location: string): Outcome | null {
	if (location.startsWith('/login')) return 'login';
	return location === '/chats' ? 'in' : null;
}

/** The data of a page say inside what a page says by its status. */
function outcomeOfData(text: string): Outcome {
	const data = JSON.parse(text.split('\n')[0]!) as {
		location?: string;
		nodes?: ({ type: string; status?: number } | null)[];
	};
	if (data.location !== undefined) return redirected(data.location) ?? 303;
	return data.nodes?.find((node) => node?.type === 'error')?.status ?? 200;
}

/** Every frame of a room in which there is her message and no call: the type of what comes back, or why it is refused. */
const FRAMES: Record<string, [frame: object, answer: string | null]> = {
	hello: [{ last: 0, revision: 0 }, 'sync'],
	page: [{ before: 2 }, 'page'],
	send: [{ id: 'matrix-frame', body: { kind: 'text', text: 'hi' } }, 'message'],
	delete: [{ id: HERS }, 'not_yours'],
	heard: [{ id: HERS }, 'unknown_message'],
	mark: [{ read: 1 }, 'marks'],
	typing: [{ what: 'text' }, null],
	here: [{ here: true }, 'here'],
	call: [{}, 'call'],
	alert: [{ call: 'no-such-call' }, 'no_call'],
	answer: [{ call: 'no-such-call' }, 'no_call'],
	ready: [{ call: 'no-such-call' }, 'no_call'],
	decline: [{ call: 'no-such-call' }, 'no_call'],
	hang_up: [{ call: 'no-such-call' }, 'no_call'],
	credentials: [{ call: 'no-such-call' }, 'no_call'],
	signal: [{ call: 'no-such-call', to: 'her-device', signal: { is: 'again' } }, 'no_call'],
	ring: [{ call: 'matrix-call', kind: 'voice' }, 'call'],
	cancel: [{ call: 'matrix-call' }, 'call'],
};
const INBOX_FRAMES: typeof FRAMES = {
	hello: [{ active: true, idle: 0 }, 'state'],
	activity: [{ active: 'perhaps' }, 'malformed'],
	// A room that one is not in: nothing comes of it.
	delivered: [{ rooms: [['aaaaaaaa_bbbbbbbb', 1]] }, null],
};

const typesOf = (options: readonly { entries: { type: { literal: string } } }[]) =>
	options.map(({ entries }) => entries.type.literal).sort();

test('every frame has a line in the tables, and every line a frame', () => {
	expect(Object.keys(FRAMES).sort()).toEqual(typesOf(clientFrame.options));
	expect(Object.keys(INBOX_FRAMES).sort()).toEqual(typesOf(inboxClientFrame.options));
});

test('every frame answers a member as the table says', async ({ server }) => {
	const { client, room } = await people.member();
	for (const [path, frames] of [
		[`/ws/chat/${room}`, FRAMES],
		['/ws/inbox', INBOX_FRAMES],
	] as const) {
		const line = await Line.open(server, path, client.tokens.access);
		for (const [type, [frame, answer]] of Object.entries(frames)) {
			line.say({ type, ...frame });
			if (answer === null) expect(await line.untilMarked(), type).toEqual([]);
			else await test.step(`${type} is answered with ${answer}`, () => line.hears(answer));
		}
		line.close();
	}
});

test('D4: whoever stops being a member has no line any more to say a frame on', async ({ server }) => {
	const ended = await people.member('fay');
	const suspended = await people.member('gus');
	const loggedOut = await people.member('hal');
	const [fay, gus, hal] = await Promise.all(
		[ended, suspended, loggedOut].map(({ room, client }) =>
			Line.open(server, `/ws/chat/${room}`, client.tokens.access),
		),
	);
	await people.ana.call('delete /api/friends/{room}', { path: { room: ended.room } });
	expect(await fay!.closed).toBe(4003);
	await server.suspend(suspended.name);
	expect(await gus!.closed).toBe(4004);
	await loggedOut.client.call('post /api/logout');
	expect(await hal!.closed).toBe(4001);
	for (const [{ room, client }, status] of [
		[ended, 403],
		[suspended, 401],
		[loggedOut, 401],
	] as const) {
		const { access } = client.tokens;
		expect((await raw(server, `/ws/chat/${room}`, { ...SOCKET, access })).status).toBe(status);
	}
});
