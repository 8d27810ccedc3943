import { env } from 'cloudflare:workers';
import {
	abortAllDurableObjects,
	evictDurableObject,
	runDurableObjectAlarm,
	runInDurableObject,
} from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SIGNAL_MAX_BYTES, FRAME_MAX_BYTES } from '#lib/chat/limits.ts';
import { PING, type ServerFrame } from '#lib/chat/protocol.ts';
import { join, newFriends, withoutDatabase, type Tab } from '../testing.ts';

const CALL = 'call-0001';
const PHONES = { ana: 'ana-phone', bob: 'bob-phone' };

let late = 0;
const realNow = Date.now;
beforeEach(() => {
	// K2: nothing about a call waits for a database.
	withoutDatabase();
	late = 0;
	vi.spyOn(Date, 'now').mockImplementation(() => realNow() + late);
});
afterEach(() => void vi.restoreAllMocks());

/** The next frame of a call, past whatever else is said. */
async function heard(tab: Tab, type: 'call' | 'signal' | 'credentials' | 'refused' = 'call') {
	for (;;) {
		const frame = await tab.next();
		if (frame.type === type) return frame as Extract<ServerFrame, { type: 'call' }> & Record<string, unknown>;
	}
}

/** What the room says of its call, once everything before has arrived. */
async function callAt(tab: Tab) {
	tab.say({ type: 'call' });
	let last: Extract<ServerFrame, { type: 'call' }> | undefined;
	await tab.settle().then((frames) => {
		for (const frame of frames) if (frame.type === 'call') last = frame;
	});
	return last!.call;
}

async function friends() {
	const pair = await newFriends();
	const stub = env.ROOMS.getByName(pair.room);
	const atAna = await join(pair.room, pair.ana, PHONES.ana);
	const atBob = await join(pair.room, pair.bob, PHONES.bob);
	return { ...pair, stub, atAna, atBob };
}

async function inCall() {
	const all = await friends();
	all.atAna.say({ type: 'ring', call: CALL, kind: 'video' });
	await heard(all.atBob);
	all.atBob.say({ type: 'answer', call: CALL });
	await heard(all.atAna);
	expect(await callAt(all.atAna)).toMatchObject({ state: 'answered', calleeDevice: PHONES.bob });
	return all;
}

async function pass(stub: DurableObjectStub, ms: number) {
	late += ms;
	expect(await runDurableObjectAlarm(stub)).toBe(true);
}

const entries = async (stub: Awaited<ReturnType<typeof friends>>['stub'], reader: string) =>
	(await stub.history(reader, {})).messages;

describe('a call in the room', () => {
	test('K1, K5: rings, is answered and ends, in one entry of the log that changes in place', async () => {
		const { ana, bob, stub, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'video' });
		expect(await heard(atBob)).toMatchObject({
			revision: 1,
			call: { state: 'ringing', id: CALL, caller: ana, callee: bob, callerDevice: PHONES.ana },
		});
		expect(await entries(stub, bob)).toMatchObject([
			{
				seq: 1,
				id: CALL,
				from: ana,
				revision: 0,
				body: { kind: 'call', call: 'video', outcome: null, duration: 0 },
			},
		]);

		atBob.say({ type: 'answer', call: CALL }, { type: 'ready', call: CALL });
		expect(await callAt(atBob)).toMatchObject({ state: 'answered', ready: true });
		late += 5_000;
		atAna.say({ type: 'hang_up', call: CALL, failed: false });
		expect(await callAt(atAna)).toMatchObject({ state: 'ended', outcome: 'finished' });
		const [entry, ...others] = await entries(stub, ana);
		expect(others).toEqual([]);
		expect(entry).toMatchObject({ seq: 1, revision: 1, body: { outcome: 'finished' } });
		expect(entry?.body.kind === 'call' && entry.body.duration).toBeGreaterThanOrEqual(5_000);
		const changed = atBob.frames.filter((frame) => frame.type === 'changed');
		expect(changed).toEqual([{ type: 'changed', message: entry, revision: 1 }]);
	});

	test('K2: the first device to answer has it, and the others are refused', async () => {
		const { room, bob, atAna, atBob } = await friends();
		const laptop = await join(room, bob, 'bob-laptop');
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(laptop);
		atBob.say({ type: 'answer', call: CALL });
		expect(await heard(laptop)).toMatchObject({ call: { state: 'answered', calleeDevice: PHONES.bob } });
		laptop.say({ type: 'answer', call: CALL });
		expect(await heard(laptop, 'refused')).toMatchObject({ code: 'wrong_state', id: CALL });
	});

	test('K3: both calling at once is one call, with one entry', async () => {
		const { ana, stub, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		atBob.say({ type: 'ring', call: 'call-of-bob', kind: 'video' });
		await vi.waitFor(async () => expect(await callAt(atAna)).toMatchObject({ state: 'answered' }));
		expect(await entries(stub, ana)).toHaveLength(1);
		const call = await callAt(atBob);
		expect([CALL, 'call-of-bob']).toContain(call?.id);
	});

	test('D3, K1: who and which device is the socket’s to say', async () => {
		const { atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(atBob);
		atAna.shout(JSON.stringify({ type: 'answer', call: CALL, who: 'bob', device: PHONES.bob }));
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'not_yours' });
	});

	test('D4: nobody rings in a room that has ended; a call in it ends with it', async () => {
		const { ana, stub, atAna, atBob } = await inCall();
		await stub.setStatus({ open: false, epoch: 2 });
		await atAna.closed;
		const last = atBob.frames.filter((frame) => frame.type === 'call').at(-1);
		expect(last).toMatchObject({ call: { state: 'ended', outcome: 'finished' } });
		expect((await entries(stub, ana))[0]).toMatchObject({ body: { outcome: 'finished' } });
	});

	test('D4: a device whose session is revoked leaves its call, and only its own', async () => {
		const { room, ana, bob } = await newFriends();
		const stub = env.ROOMS.getByName(room);
		const atAna = await join(room, ana, PHONES.ana, 'ana-session');
		const atBob = await join(room, bob, PHONES.bob, 'bob-session');
		const laptop = await join(room, bob, 'bob-laptop', 'bob-laptop-session');
		atAna.say({ type: 'ring', call: CALL, kind: 'video' });
		await heard(atBob);
		atBob.say({ type: 'answer', call: CALL });
		await heard(atAna);
		await stub.revoke(bob, 'bob-laptop-session', 'session_revoked');
		await laptop.closed;
		expect(await callAt(atAna)).toMatchObject({ state: 'answered' });
		await stub.revoke(bob, 'bob-session', 'session_revoked');
		await atBob.closed;
		expect(await callAt(atAna)).toMatchObject({ state: 'ended', outcome: 'finished' });
		expect((await entries(stub, ana))[0]).toMatchObject({ body: { outcome: 'finished' } });
	});

	test('M1: a ring under the id of a message is refused, and the message stays', async () => {
		const { ana, stub, atAna } = await friends();
		atAna.say({ type: 'send', id: CALL, body: { kind: 'text', text: 'not a call' } });
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'id_taken', id: CALL });
		expect(await entries(stub, ana)).toMatchObject([{ body: { kind: 'text' } }]);
	});

	test('M7: an entry taken back while the call is on stays taken back', async () => {
		const { ana, stub, atAna } = await inCall();
		atAna.say({ type: 'delete', id: CALL });
		atAna.say({ type: 'hang_up', call: CALL, failed: false });
		expect(await callAt(atAna)).toMatchObject({ state: 'ended' });
		expect(await entries(stub, ana)).toMatchObject([{ body: { kind: 'deleted' } }]);
	});
});

describe('signals', () => {
	test('go to the one device that is meant, up to 64 KiB, and are stored nowhere', async () => {
		const { room, bob, stub, atAna, atBob } = await inCall();
		const laptop = await join(room, bob, 'bob-laptop');
		const writes = () =>
			runInDurableObject(stub, (_, { storage: { sql } }) => [
				sql.exec('SELECT * FROM call').toArray(),
				sql.exec('SELECT * FROM messages').toArray(),
			]);
		const before = await writes();
		const sdp = 'v=0 '.repeat((SIGNAL_MAX_BYTES - 1_000) / 4);
		const signal = { is: 'description' as const, type: 'offer' as const, sdp };
		atAna.say({ type: 'signal', call: CALL, to: PHONES.bob, signal });
		expect(await heard(atBob, 'signal')).toEqual({ type: 'signal', call: CALL, from: PHONES.ana, signal });
		expect(await writes()).toEqual(before);
		expect((await laptop.settle()).filter((frame) => frame.type === 'signal')).toEqual([]);
	});

	test('D5: larger ones are refused, and so is any other frame of that size', async () => {
		const { atAna } = await inCall();
		const signal = (bytes: number) => ({ is: 'description', type: 'offer', sdp: 'x'.repeat(bytes) });
		atAna.shout(
			JSON.stringify({ type: 'signal', call: CALL, to: PHONES.bob, signal: signal(SIGNAL_MAX_BYTES) }),
		);
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'too_big' });
		atAna.shout(
			JSON.stringify({ type: 'ring', call: CALL, kind: 'voice', more: 'x'.repeat(FRAME_MAX_BYTES) }),
		);
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'too_big' });
	});

	test('to or from a device that is not in the call are refused', async () => {
		const { room, bob, atAna } = await inCall();
		const laptop = await join(room, bob, 'bob-laptop');
		const signal = { is: 'again' as const };
		laptop.say({ type: 'signal', call: CALL, to: PHONES.ana, signal });
		expect(await heard(laptop, 'refused')).toMatchObject({ code: 'not_yours' });
		atAna.say({ type: 'signal', call: CALL, to: 'bob-laptop', signal });
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'not_yours' });
	});

	test('a device named like one of the other person’s hears nothing that is not for it', async () => {
		const { room, ana, atAna, atBob } = await inCall();
		const copy = await join(room, ana, PHONES.bob);
		atAna.say({ type: 'signal', call: CALL, to: PHONES.bob, signal: { is: 'again' } });
		await heard(atBob, 'signal');
		expect((await copy.settle()).filter((frame) => frame.type === 'signal')).toEqual([]);
	});
});

describe('credentials', () => {
	test('K6: go to the device that asks, once the call is answered', async () => {
		const { room, bob, atAna, atBob } = await friends();
		const laptop = await join(room, bob, 'bob-laptop');
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		atAna.say({ type: 'credentials', call: CALL });
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'wrong_state' });
		atBob.say({ type: 'answer', call: CALL }, { type: 'credentials', call: CALL });
		expect(await heard(atBob, 'credentials')).toMatchObject({
			call: CALL,
			media: { by: 'peer', iceServers: [{ urls: ['stun:stun.cloudflare.com:3478'] }], relayOnly: false },
		});
		laptop.say({ type: 'credentials', call: CALL });
		expect(await heard(laptop, 'refused')).toMatchObject({ code: 'not_yours' });
		expect((await atAna.settle()).filter((frame) => frame.type === 'credentials')).toEqual([]);
	});
});

describe('deadlines', () => {
	test('K2: a call that nobody answers is missed after 45 s, though no database answers', async () => {
		const { ana, stub, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(atBob);
		const { due } = await runInDurableObject(stub, (_, { storage }) =>
			storage.sql.exec<{ due: number }>("SELECT due FROM alarms WHERE what = 'call'").one(),
		);
		expect(due - Date.now()).toBeGreaterThan(40_000);
		expect(due - Date.now()).toBeLessThanOrEqual(45_000);
		await pass(stub, 45_000);
		expect(await heard(atBob)).toMatchObject({ call: { state: 'ended', outcome: 'missed' } });
		expect(await entries(stub, ana)).toMatchObject([{ body: { outcome: 'missed', duration: 0 } }]);
	});

	test('K2: a database that hangs holds no deadline back', async () => {
		const asked = vi.spyOn(globalThis, 'fetch').mockImplementation(() => new Promise(() => {}));
		const { stub, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(atBob);
		// The archive has begun to ask, and hears nothing.
		late += 20_000;
		await runDurableObjectAlarm(stub);
		expect(asked).toHaveBeenCalled();
		const began = performance.now();
		await pass(stub, 25_000);
		expect(await heard(atBob)).toMatchObject({ call: { state: 'ended', outcome: 'missed' } });
		expect(performance.now() - began).toBeLessThan(1_000);
	});

	test('K1, K5: it is missed also when everything restarted while it rang', async () => {
		const { room, ana, bob, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(atBob);
		await callAt(atAna);
		await abortAllDurableObjects();
		const again = env.ROOMS.getByName(room);
		late += 3_600_000;
		await runDurableObjectAlarm(again);
		expect((await again.history(ana, {})).messages).toMatchObject([{ body: { outcome: 'missed' } }]);
		const back = await join(room, bob, PHONES.bob);
		expect(await callAt(back)).toMatchObject({ state: 'ended', outcome: 'missed' });
	});

	test('K1: eviction in the middle of ringing and of the call changes nothing', async () => {
		const { stub, atAna, atBob } = await friends();
		atAna.say({ type: 'ring', call: CALL, kind: 'voice' });
		await heard(atBob);
		await heard(atAna);
		await evictDurableObject(stub, { webSockets: 'hibernate' });
		atBob.say({ type: 'answer', call: CALL });
		expect(await heard(atAna)).toMatchObject({ call: { state: 'answered' } });
		await evictDurableObject(stub, { webSockets: 'hibernate' });
		atAna.say({ type: 'signal', call: CALL, to: PHONES.bob, signal: { is: 'again' } });
		expect(await heard(atBob, 'signal')).toMatchObject({ from: PHONES.ana });
		await evictDurableObject(stub, { webSockets: 'hibernate' });
		atBob.say({ type: 'hang_up', call: CALL, failed: false });
		expect(await callAt(atAna)).toMatchObject({ state: 'ended', outcome: 'finished' });
	});

	test('K4: a call goes on while either side is heard, and ends 30 s after neither is', async () => {
		const { ana, stub, atAna, atBob } = await inCall();
		for (let i = 0; i < 3; i++) {
			late += 29_000;
			// The platform answers the ping and notes its own time; the room's clock is ahead of it here.
			atAna.shout(PING);
			await atAna.nextText();
			await runInDurableObject(stub, (_, ctx) => {
				const real = ctx.getWebSocketAutoResponseTimestamp.bind(ctx);
				const ahead = late;
				ctx.getWebSocketAutoResponseTimestamp = (ws) => {
					const at = real(ws);
					return at && new Date(at.getTime() + ahead);
				};
			});
			await pass(stub, 1_500);
			expect(await callAt(atAna)).toMatchObject({ state: 'answered' });
		}
		atAna.socket.close(1000);
		atBob.socket.close(1000);
		await vi.waitFor(async () =>
			expect(await runInDurableObject(stub, (_, ctx) => ctx.getWebSockets().length)).toBe(0),
		);
		await pass(stub, 30_000);
		await runDurableObjectAlarm(stub);
		expect((await entries(stub, ana))[0]).toMatchObject({ body: { kind: 'call', outcome: 'finished' } });
	});

	test('K4: a signalling socket that breaks and comes back is the same device', async () => {
		const { room, bob, stub, atAna, atBob } = await inCall();
		atBob.socket.close(1000);
		late += 28_000;
		const back = await join(room, bob, PHONES.bob);
		expect(await callAt(back)).toMatchObject({ state: 'answered', calleeDevice: PHONES.bob });
		// It has not pinged yet, but its coming was heard.
		await pass(stub, 2_500);
		expect(await callAt(back)).toMatchObject({ state: 'answered' });
		atAna.say({ type: 'signal', call: CALL, to: PHONES.bob, signal: { is: 'again' } });
		await heard(back, 'signal');
	});
});

describe('limits', () => {
	test('ringing is limited, and says how long to wait', async () => {
		const { atAna } = await friends();
		for (let i = 0; i < 6; i++) {
			atAna.say(
				{ type: 'ring', call: `call-no-${i}`, kind: 'voice' },
				{ type: 'cancel', call: `call-no-${i}` },
			);
		}
		atAna.say({ type: 'ring', call: 'call-more', kind: 'voice' });
		expect(await heard(atAna, 'refused')).toMatchObject({ code: 'slow_down', id: 'call-more' });
	});
});
