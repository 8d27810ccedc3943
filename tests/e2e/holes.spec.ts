import { roomName } from '#lib/chat/room-name.ts';
import { cast, HERS, Line, ONLY_FOR_US, raw, type Cast } from './askers.ts';
import { expect, identity, test } from './fixtures.ts';

/* What the app that this one reworks let anybody do, one test for each. */

test.describe('The eleven holes stay closed:', () => {
	let people: Cast;
	test.beforeAll(async ({ server }) => {
		people = await cast(server);
	});
	const stranger = () => people.kith.register(identity('eve'));

	test('1. no unauthenticated socket', async ({ server }) => {
		const { room, client } = await people.member();
		for (const path of [`/ws/chat/${room}`, '/ws/inbox']) {
			for (const access of [undefined, '', 'x.y.z', client.tokens.refresh])
				expect((await raw(server, path, { upgrade: true, access })).status).toBe(401);
			const { access } = client.tokens;
			expect((await raw(server, path, { upgrade: true, access })).status).toBe(101);
		}
	});

	test('2. no forged speaker', async ({ server }) => {
		const { client, room } = await people.member();
		const { id } = people.ana;
		const forged = { from: id, speaker: id, person: id, you: id };
		const body = { kind: 'text', text: 'I am ana' };
		const sent = await client.call('put /api/rooms/{room}/messages/{id}', {
			path: { room, id: 'forged-by-http' },
			body: { body, ...forged },
			headers: { 'x-kith-person': id },
		});
		expect(sent.body.message.from).toBe(client.id);
		const line = await Line.open(server, `/ws/chat/${room}`, client.tokens.access);
		line.say({ type: 'send', id: 'forged-by-frame', body, ...forged });
		expect(await line.hears('message')).toMatchObject({ message: { from: client.id, body } });
		line.close();
	});

	test('3. no foreign room’s ids', async ({ server }) => {
		const { room } = await people.member();
		const eve = await stranger();
		const { access } = eve.tokens;
		const [a, b] = room.split('_') as [string, string];
		// Rooms that she could have, and has not.
		const possible = [roomName(eve.id, a), roomName(eve.id, b)];
		const names = [room, `${b}_${a}`, `${room}_x`, `${a}_${a}`, 'no-room', ...possible];
		for (const name of names) {
			const status = async (path: string, method = 'GET') =>
				(await raw(server, path, { method, access, upgrade: path.startsWith('/ws/') })).status;
			expect({
				name,
				page: await status(`/chats/${name}`),
				socket: await status(`/ws/chat/${name}`),
				log: await status(`/api/rooms/${name}/messages`),
				older: await status(`/chats/${name}/messages?before=2`),
				end: await status(`/api/friends/${name}`, 'DELETE'),
				upload: await status(`/media/${name}`, 'POST'),
				media: await status(`/media/${name}/${HERS}`),
			}).toEqual({
				name,
				page: 404,
				socket: 404,
				log: 404,
				older: 404,
				end: 404,
				upload: possible.includes(name) ? 411 : 404, // the length is asked for before the room is
				media: 404,
			});
		}
		const log = await people.ana.call('get /api/rooms/{room}/messages', { path: { room } });
		expect(log.body.messages).toHaveLength(1);
	});

	test('4. no deleting of others’ messages', async ({ server }) => {
		const { client, room } = await people.member();
		const { access } = client.tokens;
		const eve = await stranger();
		const path = { room, id: HERS };
		expect((await client.call('delete /api/rooms/{room}/messages/{id}', { path })).status).toBe(403);
		expect((await eve.call('delete /api/rooms/{room}/messages/{id}', { path })).status).toBe(404);
		const form = { id: HERS };
		const deleted = await raw(server, `/chats/${room}?/delete`, { method: 'POST', access, form });
		expect(deleted.status).toBe(400);
		const line = await Line.open(server, `/ws/chat/${room}`, access);
		line.say({ type: 'delete', id: HERS });
		await line.hears('not_yours');
		line.close();
		const { body } = await people.ana.call('get /api/rooms/{room}/messages', { path });
		expect(body.messages[0].body.text).toBe(ONLY_FOR_US);
		expect((await people.ana.call('delete /api/rooms/{room}/messages/{id}', { path })).status).toBe(200);
	});

	test('5. no oversized text', async ({ server }) => {
		const { client, room } = await people.member();
		const { access } = client.tokens;
		const text = (length: number) => ({ kind: 'text', text: 'x'.repeat(length) });
		const sent = await client.call('put /api/rooms/{room}/messages/{id}', {
			path: { room, id: 'too-long-1' },
			body: { body: text(4_001) },
		});
		expect([sent.status, sent.body.code]).toEqual([422, 'too_long']);
		const form = { id: 'too-long-2', text: 'x'.repeat(4_001) };
		const posted = await raw(server, `/chats/${room}?/send`, { method: 'POST', access, form });
		expect(posted.status).toBe(400);
		const line = await Line.open(server, `/ws/chat/${room}`, access);
		line.say({ type: 'send', id: 'too-long-3', body: text(4_001) });
		await line.hears('too_long');
		line.say({ type: 'send', id: 'too-long-4', body: text(20_000) });
		await line.hears('too_big');
		line.say({ type: 'send', id: 'long-enough', body: text(4_000) });
		await line.hears('message');
		line.close();
	});

	test('6. no crash on bad JSON or an unknown receiver', async ({ server }) => {
		const { client, room } = await people.member();
		const path = { room, id: 'bad-json-1' };
		for (const body of ['{', '[]', 'null', '{"body":{"kind":"text"}}']) {
			const { status } = await client.call('put /api/rooms/{room}/messages/{id}', { path, body });
			expect(status).toBe(400);
		}
		for (const person of ['nobody00000000000000', 'x', '../me', '%00'])
			expect((await client.call('put /api/invitations/{person}', { path: { person } })).status).toBe(404);
		const line = await Line.open(server, `/ws/chat/${room}`, client.tokens.access);
		for (const nonsense of ['', '{', 'null', '[]', '{"type":7}', '{"type":"send"}']) {
			line.say(nonsense);
			await line.hears('malformed');
		}
		line.say({ type: 'send', to: 'nobody', id: 'still-works', body: { kind: 'text', text: 'hello' } });
		await line.hears('message');
		line.close();
	});

	test('7. no reading of other people’s history, friends or phone numbers', async ({ server }) => {
		const { client, name, room } = await people.member();
		const eve = await stranger();
		const changed = await client.call('patch /api/me', { body: { phone: '+49 30 901820' } });
		expect(changed.body.phone).toBe('+4930901820');
		const answers = [
			await eve.call('get /api/people', { query: { q: name } }),
			await eve.call('get /api/people', { query: { q: '4930901820' } }),
			await eve.call('get /api/friends'),
			await eve.call('get /api/rooms/{room}/messages', { path: { room } }),
			await people.ana.call('get /api/friends'),
		];
		expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 200]);
		expect(answers[0]!.body.people.map(({ id }: { id: string }) => id)).toEqual([client.id]);
		expect(answers[2]!.body.friends).toEqual([]);
		const { access } = eve.tokens;
		const pages = [`/people?q=${name}`, `/people/__data.json?q=${name}`, `/chats/${room}/__data.json`];
		const seen = await Promise.all(pages.map(async (path) => (await raw(server, path, { access })).text));
		expect(seen[0]).toContain(name);
		for (const text of [...answers.map(({ body }) => JSON.stringify(body)), ...seen]) {
			expect(text).not.toContain('901820');
			expect(text).not.toContain(`${name}@example.com`);
			expect(text).not.toContain(ONLY_FOR_US);
		}
	});

	test('8. no acting for others on invitations', async ({ server }) => {
		const { client: hal } = await people.member('hal');
		const [ida, kim] = [
			await people.kith.register(identity('ida')),
			await people.kith.register(identity('kim')),
		];
		await ida.call('put /api/invitations/{person}', { path: { person: kim.id } });
		for (const [who, about] of [
			[hal, ida],
			[hal, kim],
			[ida, kim],
		] as const) {
			const path = { person: about.id };
			const answers = ['accept', 'refuse'].map((answer) =>
				who.call(`post /api/invitations/{person}/${answer}`, { path }),
			);
			for (const { status } of await Promise.all(answers)) expect(status).toBe(404);
			const posted = {
				method: 'POST',
				access: who.tokens.access,
				form: { ...path, from: ida.id, to: kim.id },
			};
			for (const action of ['accept', 'decline'])
				expect((await raw(server, `/invitations?/${action}`, posted)).status).toBe(409);
		}
		for (const about of [ida, kim]) {
			const path = { person: about.id };
			expect((await hal.call('delete /api/invitations/{person}', { path })).status).toBe(404);
		}
		const { body } = await kim.call('get /api/invitations');
		expect(body.received.map(({ person }: { person: { id: string } }) => person.id)).toEqual([ida.id]);
		expect((await ida.call('get /api/friends')).body.friends).toEqual([]);
	});

	test('9. no path traversal to files', async ({ server }) => {
		const { client, room } = await people.member();
		const { access } = client.tokens;
		const places = ['/', `/media/${room}/`, `/avatars/${people.ana.id}/`, '/_app/', '/api/', '/chats/'];
		for (const up of ['../', '..%2f', '%2e%2e/', '..%5c', '....//'])
			for (const place of places)
				for (const file of ['.dev.vars', 'package.json', 'etc/passwd']) {
					const { status, text } = await raw(server, place + up.repeat(6) + file, { access });
					expect(status).not.toBe(200);
					expect(status).toBeLessThan(500);
					expect(text).not.toMatch(/SESSION_SECRET|"devDependencies"|root:.*:0:0/);
				}
	});

	test('10. no password in an answer', async ({ server }) => {
		const { client, password, name } = await people.member();
		const entered = await people.kith.call('post /api/login', { body: { login: name, password } });
		expect(entered.status).toBe(200);
		const { access } = client.tokens;
		const wrong = await raw(server, '/login', {
			method: 'POST',
			form: { login: name, password: `${password}!` },
		});
		const paths = ['/settings', '/settings/__data.json', '/chats', '/contacts', `/people?q=${name}`];
		const pages = await Promise.all(paths.map(async (path) => (await raw(server, path, { access })).text));
		expect(pages[0]).toContain(name);
		const me = await client.call('get /api/me');
		for (const text of [JSON.stringify(entered.body), JSON.stringify(me.body), wrong.text, ...pages]) {
			expect(text).not.toContain(password);
			expect(text).not.toMatch(/scrypt|password_?hash/i);
		}
	});

	test('11. no telling whether a username exists at log in, neither by words nor by time', async () => {
		const { name } = await people.member();
		const took: Record<string, number[]> = { [name]: [], 'nobody-has-this': [] };
		const said: unknown[] = [];
		for (let round = 0; round < 4; round++)
			for (const login of Object.keys(took)) {
				const started = performance.now();
				const body = { login, password: `wrong ${round}` };
				const answer = await people.kith.call('post /api/login', { body });
				took[login]!.push(performance.now() - started);
				said.push([answer.status, answer.body]);
			}
		for (const one of said) expect(one).toEqual(said[0]);
		// A password that is not checked answers some twenty times faster.
		const [known = 0, unknown = 0] = Object.values(took).map((times) => Math.min(...times));
		expect(known / unknown).toBeGreaterThan(0.33);
		expect(known / unknown).toBeLessThan(3);
	});
});
