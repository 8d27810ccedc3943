import { env } from 'cloudflare:workers';
import { abortAllDurableObjects, runInDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { encode, type ClientFrame } from '#lib/chat/protocol.ts';
import { join, newFriends, text, withoutDatabase, type Tab } from '../testing.ts';
import type { Room } from './room-object.ts';

/* Frames that arrive together are obeyed together, a moment later: what can go wrong in that moment. */

const send = (id: string): ClientFrame => ({ type: 'send', id, body: text(`words of ${id}`) });
const roomOf = (room: string): DurableObjectStub<Room> => env.ROOMS.getByName(room);
const named = (frames: Tab['frames']) =>
	frames.flatMap((frame) => (frame.type === 'message' ? [frame.message.id] : []));

beforeAll(() => void withoutDatabase());

describe('between arrival and obeying', () => {
	test('M1, M3: a frame that is lost with the object was never acknowledged, and is stored once when it is repeated', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say(send('acknowledged'));
		await atAna.next();
		await atBob.next();

		await runInDurableObject(roomOf(room), (instance, state) => {
			const [ws] = state.getWebSockets(ana);
			for (const id of ['lost-one', 'lost-two']) instance.webSocketMessage(ws!, encode(send(id)));
			state.abort('killed by the test');
		}).catch(() => {});
		await Promise.all([atAna.closed, atBob.closed]);
		expect(named([...atAna.frames, ...atBob.frames])).toEqual(['acknowledged', 'acknowledged']);
		const { messages } = await roomOf(room).history(ana, {});
		expect(messages.map(({ id }) => id)).toEqual(['acknowledged']);

		const again = await join(room, ana);
		again.say(send('lost-one'), send('lost-two'));
		await again.settle();
		expect((await roomOf(room).history(ana, {})).messages.map(({ seq, id }) => `${seq} ${id}`)).toEqual([
			'1 acknowledged',
			'2 lost-one',
			'3 lost-two',
		]);
	});

	test('M1, M2, M3: whenever the object dies, clients that repeat what was not acknowledged lose, double and swap nothing', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }),
				fc.integer({ min: 1, max: 40 }),
				async (deaths, count) => {
					const { ana, bob, room } = await newFriends();
					const waiting = { [ana]: ids('ana', count), [bob]: ids('bob', count) };
					const acknowledged = new Map<string, number>();

					for (const pause of [...deaths, null]) {
						const tabs = await Promise.all(
							[ana, bob].map(async (who) => [who, await join(room, who)] as const),
						);
						for (const [who, tab] of tabs) tab.say(...waiting[who]!.map(send));
						if (pause === null) await Promise.all(tabs.map(([, tab]) => tab.settle()));
						else {
							await new Promise((done) => setTimeout(done, pause));
							await abortAllDurableObjects();
							await Promise.all(tabs.map(([, tab]) => tab.closed));
						}
						for (const [who, tab] of tabs)
							for (const frame of tab.frames) {
								if (frame.type !== 'message' || frame.message.from !== who) continue;
								const { id, seq } = frame.message;
								expect(acknowledged.get(id) ?? seq).toBe(seq);
								acknowledged.set(id, seq);
							}
						for (const [who] of tabs) waiting[who] = waiting[who]!.filter((id) => !acknowledged.has(id));
					}

					const { messages } = await roomOf(room).history(ana, { limit: 200 });
					expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
					expect(new Map(messages.map(({ id, seq }) => [id, seq]))).toEqual(
						new Map([...acknowledged].sort(([, a], [, b]) => a - b)),
					);
					for (const name of ['ana', 'bob'])
						expect(messages.map(({ id }) => id).filter((id) => id.startsWith(name))).toEqual(
							ids(name, count),
						);
				},
			),
			{ numRuns: 15 },
		);
	});

	test('answers come in the order of the frames, refusals among them', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		for (let n = 0; n < 5; n++) {
			tab.say(send(`in-order-${n}`));
			tab.shout(`{"type":"send","id":"refused-${n}"}`);
		}
		const answers = (await tab.settle()).map((frame) =>
			frame.type === 'message' ? frame.message.id : frame.type === 'refused' ? frame.id : frame.type,
		);
		expect(answers).toEqual(Array.from({ length: 5 }, (_, n) => [`in-order-${n}`, `refused-${n}`]).flat());
	});

	test('the last words before closing are heard', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say(send('last-words'));
		atAna.socket.close(1000, 'bye');
		await atAna.closed;
		expect(await atBob.next()).toMatchObject({ type: 'message', message: { id: 'last-words' } });
	});

	test('D4: what came before the friendship ended is stored, what came after is not', async () => {
		const { ana, room } = await newFriends();
		const tab = await join(room, ana);
		await runInDurableObject(roomOf(room), async (instance, state) => {
			const [ws] = state.getWebSockets(ana);
			instance.webSocketMessage(ws!, encode(send('just-in-time')));
			await instance.setStatus({ open: false, epoch: 2 });
			instance.webSocketMessage(ws!, encode(send('too-late-1')));
		});
		await tab.closed;
		expect(named(tab.frames)).toEqual(['just-in-time']);
		expect((await roomOf(room).history(ana, {})).messages).toMatchObject([{ id: 'just-in-time' }]);
	});

	test('a fault in one frame takes its own socket, and nothing of what arrived with it', async () => {
		const { ana, bob, room } = await newFriends();
		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
		await runInDurableObject(roomOf(room), (instance, state) => {
			state.storage.sql.exec(
				`CREATE TRIGGER fault BEFORE INSERT ON messages WHEN new.id = 'unlucky-1' BEGIN SELECT raise(ABORT, 'planted'); END`,
			);
			const [ofAna, ofBob] = [state.getWebSockets(ana)[0]!, state.getWebSockets(bob)[0]!];
			instance.webSocketMessage(ofAna, encode(send('before-it')));
			instance.webSocketMessage(ofBob, encode(send('beside-it-1')));
			instance.webSocketMessage(ofAna, encode(send('unlucky-1')));
			instance.webSocketMessage(ofAna, encode(send('after-it')));
			instance.webSocketMessage(ofBob, encode(send('beside-it-2')));
		});
		expect(await atAna.closed).toEqual({ code: 1011, reason: 'failed' });
		expect(named(await atBob.settle())).toEqual(['before-it', 'beside-it-1', 'beside-it-2']);
		// The archive, which nobody answers for here, may have its own to say.
		const faults = logged.mock.calls.map(String).filter((line) => line.includes('room_failed'));
		expect(faults).toHaveLength(1);
		logged.mockRestore();
	});
});

function ids(name: string, count: number): string[] {
	return Array.from({ length: count }, (_, n) => `${name}-says-${String(n).padStart(3, '0')}`);
}
