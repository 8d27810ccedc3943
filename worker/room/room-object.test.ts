import { env } from 'cloudflare:workers';
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import {
	FLOOD_BURST,
	FLOOD_PATIENCE,
	FRAME_ABSURD_BYTES,
	FRAME_MAX_BYTES,
	TEXT_MAX,
} from '#lib/chat/limits.ts';
import { CLOSE, PING, PONG, type ClientFrame } from '#lib/chat/protocol.ts';
import { eve, join, newFriends, newPair, text, withoutDatabase } from '../testing.ts';
import type { Room } from './room-object.ts';

const send = (id: string, words = `words of ${id}`): ClientFrame => ({ type: 'send', id, body: text(words) });
const roomOf = (room: string): DurableObjectStub<Room> => env.ROOMS.getByName(room);

let asked: ReturnType<typeof withoutDatabase>;
beforeAll(() => {
	asked = withoutDatabase();
});

describe('two people in a room', () => {
	test('M3: what one says reaches both, and the frame that the speaker gets is the acknowledgement', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say(send('first-one', 'hi bob'));
		const heard = await atBob.next();
		expect(heard).toMatchObject({
			type: 'message',
			message: { seq: 1, id: 'first-one', from: ana, revision: 0, body: text('hi bob') },
		});
		expect(await atAna.next()).toEqual(heard);
		if (heard.type === 'message') expect(Math.abs(heard.message.at - Date.now())).toBeLessThan(5000);
	});

	test('P4: everybody hears who has the room before their eyes, through evictions, and when they leave', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob, other] = [await join(room, ana), await join(room, bob), await join(room, bob)];
		atAna.say({ type: 'here', here: true });
		for (const tab of [atAna, atBob, other])
			expect(await tab.next()).toEqual({ type: 'here', people: [ana] });
		// Who looks away hears how it is; nothing has changed for the others.
		atBob.say({ type: 'here', here: false });
		expect(await atBob.next()).toEqual({ type: 'here', people: [ana] });
		expect(await atAna.settle()).toEqual([]);

		await evictDurableObject(roomOf(room));
		other.say({ type: 'here', here: true });
		for (const tab of [atAna, atBob, other])
			expect(await tab.next()).toEqual({ type: 'here', people: [ana, bob] });
		atBob.say({ type: 'here', here: true });
		expect(await atBob.next()).toEqual({ type: 'here', people: [ana, bob] });

		other.socket.close(1000);
		await other.closed;
		expect(await atAna.settle()).toEqual([]);
		atBob.socket.close(1000);
		expect(await atAna.next()).toEqual({ type: 'here', people: [ana] });
		expect((await roomOf(room).history(ana, {})).revision).toBe(0);
	});

	test('P4: a line that broke unnoticed does not keep somebody here whose tab came back and looks elsewhere', async () => {
		const { ana, bob, room } = await newFriends();
		const atAna = await join(room, ana);
		const old = await join(room, bob, 'device-of-bob');
		old.say({ type: 'here', here: true });
		expect(await atAna.next()).toEqual({ type: 'here', people: [bob] });
		const back = await join(room, bob, 'device-of-bob');
		back.say({ type: 'here', here: false });
		expect(await atAna.next()).toEqual({ type: 'here', people: [] });
	});

	test('M2: both see the same order, whoever was faster', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		for (let n = 1; n <= 20; n++) {
			atAna.say(send(`from-ana-${n}`));
			atBob.say(send(`from-bob-${n}`));
		}
		const order = (frames: Awaited<ReturnType<typeof atAna.settle>>) =>
			frames.map((frame) =>
				frame.type === 'message' ? `${frame.message.seq} ${frame.message.id}` : frame.type,
			);
		await vi.waitFor(() => expect(atBob.frames).toHaveLength(40));
		await vi.waitFor(() => expect(atAna.frames).toHaveLength(40));
		const seen = order(await atAna.settle());
		expect(seen.map((line) => Number.parseInt(line))).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
		expect(order(await atBob.settle())).toEqual(seen);
	});

	test('M5: two tabs of one person agree', async () => {
		const { ana, room } = await newFriends();
		const [one, other] = [await join(room, ana), await join(room, ana)];
		one.say(send('from-one-tab'));
		expect(await other.next()).toEqual(await one.next());
		other.say({ type: 'delete', id: 'from-one-tab' });
		const changed = await one.next();
		expect(changed).toMatchObject({ type: 'changed', revision: 1, message: { body: { kind: 'deleted' } } });
		expect(await other.next()).toEqual(changed);
	});

	test('M1: the same message from two tabs and by HTTP at once is one message', async () => {
		const { ana, bob, room } = await newFriends();
		const tabs = [await join(room, ana), await join(room, ana), await join(room, bob)];
		const [one, other, atBob] = tabs;
		one!.say(send('many-ways', 'once'), send('many-ways', 'once'));
		other!.say(send('many-ways', 'once'));
		const sent = await roomOf(room).send(ana, 'many-ways', text('once'));
		expect(sent).toMatchObject({ ok: true, message: { seq: 1, id: 'many-ways' } });
		await one!.settle();
		await other!.settle();
		expect(await atBob!.settle()).toHaveLength(1);
		expect((await roomOf(room).history(bob, {})).messages).toEqual([sent.ok && sent.message]);
	});

	test('D3: a speaker named in a frame is ignored: the socket says who speaks', async () => {
		const { ana, bob, room } = await newFriends();
		const tab = await join(room, ana);
		tab.shout(
			JSON.stringify({
				...send('forged-01'),
				from: bob,
				speaker: bob,
				person: bob,
				seq: 77,
				at: 1,
				revision: 9,
			}),
		);
		expect(await tab.next()).toMatchObject({ message: { from: ana, seq: 1, revision: 0 } });
		tab.shout(JSON.stringify({ type: 'mark', read: 1, person: bob }));
		expect(await tab.next()).toMatchObject({
			type: 'marks',
			person: ana,
			delivered: 1,
			read: 1,
			revision: 1,
		});
	});

	test('M7: only the speaker takes a message back', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say(send('mine-alone'));
		await atBob.next();
		atBob.say({ type: 'delete', id: 'mine-alone' });
		expect(await atBob.next()).toEqual({ type: 'refused', code: 'not_yours', id: 'mine-alone' });
		expect(await atAna.settle()).toHaveLength(1);
	});

	test('R1: marks reach the friend and every tab of one’s own', async () => {
		const { ana, bob, room } = await newFriends();
		const tabs = [await join(room, ana), await join(room, bob), await join(room, bob)];
		tabs[0]!.say(send('to-be-seen'));
		for (const tab of tabs) await tab.next();
		tabs[1]!.say({ type: 'mark', read: 1 });
		for (const tab of tabs)
			expect(await tab.next()).toMatchObject({
				type: 'marks',
				person: bob,
				delivered: 1,
				read: 1,
				revision: 1,
			});
	});

	test('C2: hello brings what was missed, and the page brings history', async () => {
		const { ana, bob, room } = await newFriends();
		const atAna = await join(room, ana);
		atAna.say(send('while-away-1'), send('while-away-2'));
		await atAna.settle();
		const atBob = await join(room, bob);
		atBob.say({ type: 'hello', last: 1, revision: 0 }, { type: 'page', before: 2 });
		expect(await atBob.next()).toMatchObject({
			type: 'sync',
			you: bob,
			messages: [{ seq: 2, id: 'while-away-2' }],
			last: 2,
			more: false,
		});
		expect(await atBob.next()).toMatchObject({
			type: 'page',
			before: 2,
			messages: [{ seq: 1 }],
			more: false,
		});
	});
});

describe('surviving', () => {
	test('M3: what was acknowledged is there after the object was killed', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		tab.say(send('durable-1'));
		const acknowledged = await tab.next();
		await abortAllDurableObjects();
		const { messages } = await roomOf(room).history(ana, {});
		expect(messages).toEqual([acknowledged.type === 'message' && acknowledged.message]);
	});

	test('M1: a retry after the object was killed still finds the first one', async () => {
		const { ana, room } = await newFriends();
		const first = await roomOf(room).send(ana, 'retry-late', text('once'));
		await abortAllDurableObjects();
		expect(await roomOf(room).send(ana, 'retry-late', text('once'))).toEqual(first);
	});

	test('the sockets sleep through an eviction and still know who speaks', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say(send('before-it'));
		await atAna.next();
		await atBob.next();
		for (const n of [1, 2, 3]) {
			await evictDurableObject(roomOf(room));
			atBob.say(send(`after-it-${n}`));
			expect(await atAna.next()).toMatchObject({ message: { seq: n + 1, from: bob } });
			expect(await atBob.next()).toMatchObject({ message: { seq: n + 1, from: bob } });
		}
		await evictDurableObject(roomOf(room));
		await roomOf(room).setStatus({ open: false, epoch: 2 });
		expect(await atAna.closed).toEqual({ code: CLOSE.friendship_ended.code, reason: 'friendship_ended' });
	});

	test('a ping is answered', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		tab.shout(PING);
		expect(await tab.nextText()).toBe(PONG);
	});

	test('a client that closes gets its own code back at once', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.socket.close(4500, 'bye');
		expect(await atAna.closed).toEqual({ code: 4500, reason: 'bye' });
		atBob.say(send('still-here'));
		expect(await atBob.next()).toMatchObject({ type: 'message' });
		atBob.socket.close();
		await atBob.closed;
	});
});

describe('D5: what is not a frame', () => {
	const refusals: [what: string, data: string | ArrayBuffer, refused: object][] = [
		['not JSON', '{"type":', { code: 'malformed' }],
		['nothing', '', { code: 'malformed' }],
		['a number', '42', { code: 'malformed' }],
		['null', 'null', { code: 'malformed' }],
		['a list', '[{"type":"hello"}]', { code: 'malformed' }],
		['binary', new Uint8Array([1, 2, 3]).buffer, { code: 'malformed' }],
		['no type', '{}', { code: 'malformed' }],
		['a type that is no text', '{"type":{"toString":1}}', { code: 'malformed' }],
		['a type that nobody knows', '{"type":"become_admin"}', { code: 'unknown_frame' }],
		['a type of the prototype', '{"type":"__proto__"}', { code: 'unknown_frame' }],
		['a server’s frame', '{"type":"message"}', { code: 'unknown_frame' }],
		['no id', '{"type":"send","body":{"kind":"text","text":"x"}}', { code: 'malformed' }],
		[
			'an id that is too short',
			'{"type":"send","id":"x","body":{"kind":"text","text":"x"}}',
			{ code: 'malformed' },
		],
		['no body', '{"type":"send","id":"an-id-000"}', { code: 'malformed', id: 'an-id-000' }],
		['an unknown kind', '{"type":"send","id":"an-id-000","body":{"kind":"deleted"}}', { code: 'malformed' }],
		[
			'text that is none',
			'{"type":"send","id":"an-id-000","body":{"kind":"text","text":7}}',
			{ code: 'malformed' },
		],
		[
			'blank text',
			'{"type":"send","id":"an-id-000","body":{"kind":"text","text":" \\n\\u0000 "}}',
			{ code: 'empty', id: 'an-id-000' },
		],
		[
			'text that is too long',
			JSON.stringify(send('an-id-000', 'x'.repeat(TEXT_MAX + 1))),
			{ code: 'too_long' },
		],
		[
			'a frame that is too big',
			JSON.stringify(send('an-id-000', 'x'.repeat(FRAME_MAX_BYTES))),
			{ code: 'too_big' },
		],
		['too big in bytes only', JSON.stringify({ type: 'hello', x: '€'.repeat(6000) }), { code: 'too_big' }],
		['deep nesting', '['.repeat(8000), { code: 'malformed' }],
		['deep objects', '{"a":'.repeat(2000) + '1' + '}'.repeat(2000), { code: 'malformed' }],
		['a huge number', '{"type":"hello","last":1e999,"revision":0}', { code: 'malformed' }],
		['a fraction', '{"type":"hello","last":0.5,"revision":0}', { code: 'malformed' }],
		['less than nothing', '{"type":"hello","last":-1,"revision":0}', { code: 'malformed' }],
		['a page before the first', '{"type":"page","before":0}', { code: 'malformed' }],
		['a page that is too long', '{"type":"page","before":5,"limit":100000}', { code: 'malformed' }],
		['a mark that is no number', '{"type":"mark","read":"5"}', { code: 'malformed' }],
		['a delete without an id', '{"type":"delete"}', { code: 'malformed' }],
	];

	test.each(refusals)('%s is refused, and the socket goes on', async (_, data, refused) => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.shout(data);
		expect(await atAna.next()).toMatchObject({ type: 'refused', ...refused });
		atAna.say(send('after-all'));
		expect(await atAna.next()).toMatchObject({ type: 'message', message: { seq: 1 } });
		expect(await atBob.settle()).toHaveLength(1);
	});

	test('the longest text is let through, in whatever script, and comes out as it went in', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		for (const [n, words] of ['x'.repeat(TEXT_MAX), '漢'.repeat(TEXT_MAX), '🌱'.repeat(3900)].entries()) {
			tab.say(send(`longest-${n}`, words));
			expect(await tab.next()).toMatchObject({ message: { body: text(words) } });
		}
	});

	test('lone surrogates and control characters do not get in', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		tab.shout(
			'{"type":"send","id":"strange-1","body":{"kind":"text","text":" a\\ud800b\\u0000\\u001b[2J\\r\\nc "}}',
		);
		expect(await tab.next()).toMatchObject({ message: { body: text('a\ufffdb[2J\nc') } });
	});

	test('no generated frame brings the room down', async () => {
		const { ana, bob, room } = await newFriends();
		const types = ['hello', 'send', 'page', 'delete', 'mark', 'nonsense', '', 'constructor'];
		const nearly = fc.record(
			{
				type: fc.oneof(fc.constantFrom(...types), fc.anything()),
				id: fc.oneof(fc.constant('an-id-000'), fc.anything()),
				body: fc.oneof(
					fc.record({
						kind: fc.constantFrom('text', 'deleted', 7),
						text: fc.oneof(fc.string({ unit: 'binary' }), fc.anything()),
					}),
					fc.anything(),
				),
				last: fc.oneof(fc.integer(), fc.double(), fc.anything()),
				revision: fc.oneof(fc.integer(), fc.double()),
				before: fc.oneof(fc.integer(), fc.double()),
				limit: fc.oneof(fc.integer(), fc.double()),
				read: fc.oneof(fc.integer(), fc.double()),
				delivered: fc.oneof(fc.integer(), fc.anything()),
			},
			{ requiredKeys: ['type'] },
		);
		const json = (value: unknown) =>
			JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner));
		const frame = fc.oneof(
			nearly.map(json),
			fc.json(),
			fc.string({ unit: 'binary' }),
			fc.uint8Array().map((bytes) => bytes.slice().buffer),
		);
		for (let tabs = 0; tabs < 5; tabs++) {
			const tab = await join(room, ana);
			for (const data of fc.sample(frame, FLOOD_BURST - 10)) tab.shout(data);
			await tab.settle();
			expect(tab.texts).toEqual([]);
			tab.socket.close();
		}
		const tab = await join(room, bob);
		tab.say(send('after-all-that'));
		expect(await tab.next()).toMatchObject({ type: 'message', message: { from: bob } });
	});

	test('an absurdly large frame closes the socket, and only that one', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.shout('x'.repeat(FRAME_ABSURD_BYTES + 1));
		expect(await atAna.closed).toEqual({ code: CLOSE.too_big.code, reason: 'too_big' });
		atBob.say(send('undisturbed'));
		expect(await atBob.next()).toMatchObject({ type: 'message' });
	});

	test('a flood is told to slow down, and closed when it goes on', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		for (let n = 0; n < FLOOD_BURST + FLOOD_PATIENCE + 30; n++) atAna.say(send(`flooding-${n}`));
		expect(await atAna.closed).toEqual({ code: CLOSE.flooding.code, reason: 'flooding' });
		const refused = atAna.frames.filter((frame) => frame.type === 'refused');
		expect(refused.length).toBeGreaterThanOrEqual(FLOOD_PATIENCE);
		for (const frame of refused) {
			expect(frame).toMatchObject({ code: 'slow_down', id: expect.stringMatching(/^flooding-/) });
			expect(frame.retryAfter).toBeGreaterThan(0);
		}
		const stored = atAna.frames.filter((frame) => frame.type === 'message');
		expect(stored.length).toBeGreaterThanOrEqual(FLOOD_BURST);
		expect((await atBob.settle()).length).toBe(stored.length);
	});

	test('noise counts as much as messages do', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		for (let n = 0; n < FLOOD_BURST + FLOOD_PATIENCE + 30; n++) tab.shout('noise');
		expect((await tab.closed).code).toBe(CLOSE.flooding.code);
	});

	test('a fault inside closes the socket, is logged once without what was said, and the room works on', async () => {
		const { ana, bob, room } = await newFriends();
		const tab = await join(room, ana);
		await runInDurableObject(roomOf(room), (_, { storage }) => {
			storage.sql.exec('ALTER TABLE messages RENAME TO elsewhere');
		});
		const lines: string[] = [];
		const logged = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
		tab.say(send('unlucky-1', 'a secret'));
		expect(await tab.closed).toEqual({ code: 1011, reason: 'failed' });
		logged.mockRestore();
		expect(lines).toHaveLength(1);
		expect(JSON.parse(lines[0]!)).toMatchObject({ event: 'room_failed', room, doing: 'webSocketMessage' });
		expect(lines[0]).not.toContain('a secret');
		await runInDurableObject(roomOf(room), (_, { storage }) => {
			storage.sql.exec('ALTER TABLE elsewhere RENAME TO messages');
		});
		const again = await join(room, bob);
		again.say(send('luckier-1'));
		expect(await again.next()).toMatchObject({ type: 'message', message: { seq: 1 } });
	});
});

describe('the end of a friendship', () => {
	test('D4: closes the sockets of both at once, and is not undone by older news', async () => {
		const { ana, bob, room } = await newFriends();
		const tabs = [await join(room, ana), await join(room, ana), await join(room, bob)];
		await roomOf(room).setStatus({ open: false, epoch: 2 });
		const ended = { code: CLOSE.friendship_ended.code, reason: 'friendship_ended' };
		for (const tab of tabs) expect(await tab.closed).toEqual(ended);
		await roomOf(room).setStatus({ open: true, epoch: 1 });
		await expect(join(room, ana)).rejects.toThrow('403');
	});

	test('D4: a former friend reads and takes back, but does not write; a new beginning opens the same room', async () => {
		const { ana, bob, room } = await newFriends();
		await roomOf(room).send(ana, 'in-the-past', text('we were friends'));
		await roomOf(room).setStatus({ open: false, epoch: 2 });
		expect(await roomOf(room).send(ana, 'too-late-1', text('hello?'))).toEqual({ ok: false, code: 'ended' });
		expect((await roomOf(room).history(bob, {})).messages).toMatchObject([{ id: 'in-the-past' }]);
		expect(await roomOf(room).remove(ana, 'in-the-past')).toMatchObject({
			ok: true,
			message: { seq: 1, body: { kind: 'deleted' } },
		});
		expect(await roomOf(room).remove(bob, 'in-the-past')).toEqual({ ok: false, code: 'not_yours' });

		await roomOf(room).setStatus({ open: true, epoch: 3 });
		const tab = await join(room, ana);
		tab.say(send('once-again'));
		expect(await tab.next()).toMatchObject({ message: { seq: 2 } });
	});

	test('M1, D4: what was stored before the end is still acknowledged after it', async () => {
		const { ana, room } = await newFriends();
		const sent = await roomOf(room).send(ana, 'just-before', text('hi'));
		await roomOf(room).setStatus({ open: false, epoch: 2 });
		expect(await roomOf(room).send(ana, 'just-before', text('hi'))).toEqual(sent);
		expect(await roomOf(room).send(ana, 'just-before', text('ho'))).toEqual({ ok: false, code: 'id_taken' });
		expect(await roomOf(room).send(ana, 'just-after', text('hi'))).toEqual({ ok: false, code: 'ended' });
	});
});

describe('callers by RPC', () => {
	test('D1: eve, who exists and has a room of her own, is nobody in the room of ana and bob', async () => {
		const { ana, room } = await newFriends();
		const ofEve = newPair();
		const hers = `${eve}_${ofEve.ana}`;
		await roomOf([eve, ofEve.ana].sort().join('_')).setStatus({ open: true, epoch: 1 });
		expect(await roomOf([eve, ofEve.ana].sort().join('_')).history(eve, {})).toMatchObject({ last: 0 });
		await roomOf(room).send(ana, 'our-own-1', text('between us'));

		for (const stranger of [eve, hers, '', room, `${ana}x`]) {
			await runInDurableObject(roomOf(room), async (instance) => {
				await expect(instance.history(stranger, {})).rejects.toThrow('Not a member');
				await expect(instance.send(stranger, 'intruding', text('hi'))).rejects.toThrow('Not a member');
				await expect(instance.remove(stranger, 'our-own-1')).rejects.toThrow('Not a member');
			});
		}
		await expect(join(room, eve)).rejects.toThrow('404');
		expect((await roomOf(room).history(ana, {})).messages).toHaveLength(1);
	});

	test('D5: their messages pass the same limits and the same bucket', async () => {
		const { ana, room } = await newFriends();
		const stub = roomOf(room);
		expect(await stub.send(ana, 'rpc-00000', text('   '))).toEqual({ ok: false, code: 'empty' });
		expect(await stub.send(ana, 'x', text('hi'))).toEqual({ ok: false, code: 'malformed' });
		expect(await stub.send(ana, 'rpc-00000', text('x'.repeat(TEXT_MAX + 1)))).toMatchObject({
			code: 'too_long',
		});
		expect(await stub.send(ana, 'rpc-00000', text(' hi\r\n '))).toMatchObject({
			message: { body: text('hi') },
		});
		const codes = new Set<string>();
		await runInDurableObject(stub, async (instance) => {
			for (let n = 0; n < FLOOD_BURST + 10; n++) {
				const sent = await instance.send(ana, `rpc-flood-${n}`, text('hi'));
				codes.add(sent.ok ? 'ok' : sent.code);
				if (!sent.ok) expect(sent.retryAfter).toBeGreaterThan(0);
			}
		});
		expect(codes).toEqual(new Set(['ok', 'slow_down']));
	});

	test('what they do is seen by the open sockets', async () => {
		const { ana, bob, room } = await newFriends();
		const tab = await join(room, bob);
		await roomOf(room).send(ana, 'by-a-form', text('no script here'));
		expect(await tab.next()).toMatchObject({ type: 'message', message: { seq: 1 } });
		await roomOf(room).remove(ana, 'by-a-form');
		expect(await tab.next()).toMatchObject({ type: 'changed', revision: 1 });
		expect(await roomOf(room).remove(ana, 'never-said')).toEqual({ ok: false, code: 'unknown_message' });
	});
});

test('nothing that a room does asks the database once it knows its status; only the archive is told, later', async () => {
	const { ana, bob, room } = await newFriends();
	await evictDurableObject(roomOf(room));
	asked.mockClear();
	const tab = await join(room, ana);
	tab.say(send('without-it'), { type: 'hello', last: 0, revision: 0 }, { type: 'mark', read: 1 });
	expect(await tab.next()).toMatchObject({ type: 'message' });
	expect(await roomOf(room).send(bob, 'by-http-1', text('hi'))).toMatchObject({ ok: true });
	expect((await roomOf(room).history(bob, {})).last).toBe(2);
	const others = asked.mock.calls.filter(([, init]) => !String(init?.body).includes('insert into messages'));
	expect(others).toEqual([]);
});

test('a room that nobody has told anything, and no database to ask, cannot be opened for now', async () => {
	const { ana, room } = newPair();
	await expect(join(room, ana)).rejects.toThrow('503');
	expect(asked).toHaveBeenCalled();
});
