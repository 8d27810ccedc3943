import { Api, type Answer } from './api.ts';
import { expect, identity, test } from './fixtures.ts';

const id = () => crypto.randomUUID();
const text = (said: string) => ({ body: { kind: 'text', text: said } });

test('a client of the API registers, finds, invites, talks and parts, and every answer is as described', async ({
	baseURL,
}) => {
	const api = await Api.at(baseURL!);
	const names = { ana: identity('ana'), bob: identity('bob'), eve: identity('eve') };
	const ana = await api.register(names.ana);
	const bob = await api.register(names.bob);
	const eve = await api.register(names.eve);

	await test.step('accounts', async () => {
		const taken = await api.call('post /api/register', {
			body: { username: names.ana.name.toUpperCase(), email: 'x', password: 'short' },
		});
		expect(taken.status).toBe(422);
		expect(taken.body.fields).toEqual({ username: 'taken', email: 'bad_email', password: 'too_short' });

		const login = { login: names.ana.email.toUpperCase(), password: names.ana.password };
		const again = await api.call('post /api/login', { body: login });
		expect(again.status).toBe(200);
		const wrong = await api.call('post /api/login', { body: { ...login, password: 'not this one' } });
		const nobody = await api.call('post /api/login', {
			body: { login: 'nobody-at-all', password: 'not this one' },
		});
		expect([wrong.status, wrong.body]).toEqual([401, nobody.body]);

		const refreshed = await api.call('post /api/refresh', { body: { refresh: again.body.tokens.refresh } });
		expect(refreshed.body.tokens.refresh).not.toBe(again.body.tokens.refresh);
		expect((await api.call('post /api/refresh', { body: { refresh: 'nonsense' } })).status).toBe(401);
		const { access } = refreshed.body.tokens;
		expect((await api.call('post /api/logout', { token: access })).status).toBe(204);
		const gone = await api.call('post /api/refresh', { body: { refresh: refreshed.body.tokens.refresh } });
		expect(gone.status).toBe(401);

		const me = await ana.call('get /api/me');
		expect(me.body).toMatchObject({ username: names.ana.name, email: names.ana.email });
		expect(JSON.stringify(me.body)).not.toMatch(/password|hash/i);
		const changed = await ana.call('patch /api/me', { body: { about: 'Walks', phone: '+49 30 901820' } });
		expect(changed.body).toMatchObject({ about: 'Walks', phone: '+4930901820' });
		expect((await ana.call('patch /api/me', { body: { phone: '12' } })).status).toBe(422);
	});

	const room = await test.step('invitations', async () => {
		const found = await bob.call('get /api/people', { query: { q: names.ana.name } });
		const [first] = found.body.people;
		expect(first).toMatchObject({ id: ana.id, relation: 'none' });
		expect(first).not.toHaveProperty('phone');
		expect(first).not.toHaveProperty('email');

		const person = { person: ana.id };
		expect((await bob.call('put /api/invitations/{person}', { path: person })).body.outcome).toBe('invited');
		const waiting = await ana.call('get /api/invitations');
		expect(waiting.body.received).toMatchObject([{ person: { id: bob.id }, unseen: true }]);
		expect((await ana.call('post /api/invitations/seen')).status).toBe(204);
		expect((await ana.call('get /api/invitations')).body.received).toMatchObject([{ unseen: false }]);

		// Nobody else can answer it or take it back: an invitation is named by its two people.
		for (const operation of [
			'post /api/invitations/{person}/accept',
			'post /api/invitations/{person}/refuse',
			'delete /api/invitations/{person}',
		])
			expect((await eve.call(operation, { path: { person: bob.id } })).status).toBe(404);
		expect((await bob.call('delete /api/invitations/{person}', { path: person })).status).toBe(204);
		await bob.call('put /api/invitations/{person}', { path: person });
		const refused = await ana.call('post /api/invitations/{person}/refuse', { path: { person: bob.id } });
		expect(refused.status).toBe(204);
		const sent = await bob.call('get /api/invitations');
		expect(sent.body.sent).toHaveLength(1); // refusing is silent

		const self = await bob.call('put /api/invitations/{person}', { path: { person: bob.id } });
		expect([self.status, self.body.code]).toEqual([422, 'self']);
		const made = await ana.call('put /api/invitations/{person}', { path: { person: bob.id } });
		expect(made.body.outcome).toBe('accepted'); // the yes after the no
		const friends = await bob.call('put /api/invitations/{person}', { path: person });
		expect([friends.status, friends.body.code]).toEqual([409, 'already_friends']);
		const listed = await ana.call('get /api/friends');
		expect(listed.body.friends).toMatchObject([{ person: { id: bob.id }, endedAt: null }]);

		await eve.call('put /api/invitations/{person}', { path: person });
		const accepted = await ana.call('post /api/invitations/{person}/accept', { path: { person: eve.id } });
		expect(accepted.status).toBe(200);
		return made.body.room as string;
	});

	await test.step('messages', async () => {
		const first = id();
		const put = (client: typeof ana, named: string, body: unknown) =>
			client.call('put /api/rooms/{room}/messages/{id}', { path: { room, id: named }, body });
		const said = await put(ana, first, text('hello'));
		expect(said.body.message).toMatchObject({ seq: 1, from: ana.id, body: { text: 'hello' } });
		expect((await put(ana, first, text('hello'))).body).toEqual(said.body); // M1
		expect((await put(ana, first, text('other'))).status).toBe(409);
		expect((await put(ana, id(), text('x'.repeat(4001)))).body.code).toBe('too_long');
		expect((await put(ana, id(), text('  '))).body.code).toBe('empty');
		expect((await put(ana, 'a b', text('x'))).body.code).toBe('bad_id');
		expect((await put(ana, id(), { body: { kind: 'deleted' } })).status).toBe(400);
		// D3: whoever a client says it is, the token says who speaks.
		const forged = await put(bob, id(), { ...text('it is me'), from: ana.id });
		expect(forged.body.message).toMatchObject({ seq: 2, from: bob.id });
		await put(ana, id(), text('third'));

		const log = (client: typeof ana, query: Record<string, string> = {}, named = room) =>
			client.call('get /api/rooms/{room}/messages', { path: { room: named }, query });
		const seqs = (answer: Answer) => answer.body.messages.map((message: { seq: number }) => message.seq);
		expect(seqs(await log(bob))).toEqual([1, 2, 3]);
		expect(seqs(await log(bob, { before: '3', limit: '1' }))).toEqual([2]);
		expect(seqs(await log(bob, { after: '1', limit: '1' }))).toEqual([2]);
		expect(seqs(await log(bob, {}, room.split('_').reverse().join('_')))).toEqual([1, 2, 3]); // D2
		expect((await log(bob, { limit: '100000' })).status).toBe(400);

		const remove = (client: typeof ana, named: string) =>
			client.call('delete /api/rooms/{room}/messages/{id}', { path: { room, id: named } });
		const notMine = await remove(bob, first);
		expect([notMine.status, notMine.body.code]).toEqual([403, 'not_yours']);
		expect((await remove(bob, id())).status).toBe(404);
		expect((await remove(ana, first)).body.message.body).toEqual({ kind: 'deleted' });
		const later = await log(bob, { after: '3', revision: '0' }); // M4
		expect(later.body).toMatchObject({
			messages: [],
			changed: [{ seq: 1, body: { kind: 'deleted' } }],
			revision: 1,
			reset: false,
		});

		for (const nothing of [room, 'nonsense', `${ana.id}_${'z'.repeat(20)}`])
			expect((await log(eve, {}, nothing)).status).toBe(404);
		expect((await put(eve, id(), text('let me in'))).status).toBe(404);
		expect((await remove(eve, first)).status).toBe(404);

		expect((await eve.call('delete /api/friends/{room}', { path: { room } })).status).toBe(404);
		expect((await bob.call('delete /api/friends/{room}', { path: { room } })).status).toBe(204);
		await expect(async () => expect((await put(ana, id(), text('still there?'))).status).toBe(403)).toPass();
		expect(seqs(await log(ana))[0]).toBe(1); // D4: a former friend may read
	});

	await test.step('every operation was tried', () => {
		expect([...api.called].sort()).toEqual(api.operations.sort());
	});
});

test('the API answers bad requests with problems, and believes neither cookies nor forged tokens', async ({
	baseURL,
	newcomer,
}) => {
	const api = await Api.at(baseURL!);
	const { page } = await newcomer('ana');
	const byCookie = await page.request.get('/api/me');
	expect(byCookie.status()).toBe(401);

	for (const token of ['nonsense', 'a.b.c', `${btoa('{"alg":"none"}')}.${btoa('{"sub":"x"}')}.`, ''])
		expect((await api.call('get /api/me', { token })).status).toBe(401);
	for (const body of ['{', '[]', '"x"', 'null', '{"login":1,"password":{}}', '{"login":"a"}'])
		expect((await api.call('post /api/login', { body })).status).toBe(400);
	const huge = JSON.stringify({ login: 'x'.repeat(100_000), password: 'y' });
	expect((await api.call('post /api/login', { body: huge })).status).toBe(413);
	const nowhere = await fetch(`${baseURL}/api/nothing/here`);
	expect([nowhere.status, (await nowhere.json()).code]).toEqual([404, 'unknown_address']);
});

test('K5: a call is one entry of the log, as described, from its first ring to its end', async ({
	baseURL,
}) => {
	const api = await Api.at(baseURL!);
	const ana = await api.register(identity('ana'));
	const bob = await api.register(identity('bob'));
	await ana.call('put /api/invitations/{person}', { path: { person: bob.id } });
	const { room } = (await bob.call('put /api/invitations/{person}', { path: { person: ana.id } })).body;
	const entry = async () => {
		const answer = await bob.call('get /api/rooms/{room}/messages', { path: { room } });
		expect(answer.body.messages).toHaveLength(1);
		return answer.body.messages[0];
	};

	const call = id();
	const line = new WebSocket(`${baseURL!.replace('http', 'ws')}/ws/chat/${room}?device=${id()}`, [
		'kith.v1',
		`bearer.${ana.tokens.access}`,
	]);
	/** Says it, and waits until the room has told so much of its call. */
	const say = (frame: object, state: string) =>
		new Promise<void>((resolve, reject) => {
			const hear = ({ data }: MessageEvent) => {
				const told = JSON.parse(String(data));
				if (told.type !== 'call' || told.call?.state !== state) return;
				line.removeEventListener('message', hear);
				resolve();
			};
			line.addEventListener('message', hear);
			line.addEventListener('error', () => reject(new Error('The room does not open.')));
			if (line.readyState === WebSocket.OPEN) line.send(JSON.stringify(frame));
			else line.addEventListener('open', () => line.send(JSON.stringify(frame)));
		});
	await say({ type: 'ring', call, kind: 'video' }, 'ringing');
	expect(await entry()).toMatchObject({
		seq: 1,
		id: call,
		from: ana.id,
		body: { kind: 'call', call: 'video', outcome: null, duration: 0 },
	});
	await say({ type: 'cancel', call }, 'ended');
	expect(await entry()).toMatchObject({
		seq: 1,
		revision: 1,
		body: { kind: 'call', call: 'video', outcome: 'cancelled', duration: 0 },
	});
	line.close();

	// The room alone writes such entries.
	const path = { room, id: id() };
	const body = { body: { kind: 'call', call: 'video', outcome: 'missed', duration: 0 } };
	const forged = await bob.call('put /api/rooms/{room}/messages/{id}', { path, body });
	expect(forged.status).toBe(400);
});
