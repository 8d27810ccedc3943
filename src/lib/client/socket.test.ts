import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CLOSE, PING, PONG, SUBPROTOCOL, type CloseReason } from '#lib/chat/protocol.ts';
import { Socket, type ClosedFor, type SocketState } from './socket.ts';
import { ana, bob, Place, room } from './testing.ts';

let place: Place;
let socket: Socket;
let states: (SocketState | ClosedFor)[];
let received: string[];
let opened: number;

beforeEach(() => {
	vi.useFakeTimers();
	place = new Place();
	states = [];
	received = [];
	opened = 0;
	socket = new Socket(
		{
			path: `/ws/chat/${room}`,
			me: ana,
			room,
			opened: () => opened++,
			received: (data) => received.push(data),
			changed: (state, closedFor) => states.push(state, ...(closedFor ? [closedFor] : [])),
		},
		place,
	);
});
afterEach(() => {
	socket.close();
	vi.useRealTimers();
});

const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);
async function connect() {
	socket.open();
	await after(0);
	place.socket.accept();
}

describe('a line', () => {
	test('D1: is asked for with the protocol and this tab’s name, and tells what comes', async () => {
		await connect();
		expect(place.socket.url).toMatch(new RegExp(`^wss://kith.test/ws/chat/${room}\\?device=[\\w-]{36}$`));
		expect(place.socket.protocols).toEqual([SUBPROTOCOL]);
		place.socket.say('{"type":"x"}');
		place.socket.say(PONG);
		expect([states, opened, received]).toEqual([['open'], 1, ['{"type":"x"}']]);
		expect(socket.send('hello')).toBe(true);
		expect(place.socket.sent).toEqual(['hello']);
	});

	test('C1: queues nothing', async () => {
		socket.open();
		expect(socket.send('too early')).toBe(false);
		await after(0);
		expect(socket.send('too early')).toBe(false);
		place.socket.accept();
		expect(place.socket.sent).toEqual([]);
	});

	test('C1: is tried again after delays whose limits double from half a second to thirty', async () => {
		place.connecting = (line) => line.fail();
		socket.open();
		await after(0);
		let at = Date.now();
		const delays: number[] = [];
		place.connecting = (line) => {
			delays.push(Math.round((Date.now() - at) / 100) * 100);
			at = Date.now();
			line.fail();
		};
		await after(130_000);
		expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
		expect(states).toEqual(['offline']);
	});

	test('C1: delays are anywhere below their limits', async () => {
		place.connecting = (line) => line.fail();
		place.chance = 0.1;
		socket.open();
		await after(0);
		await after(49);
		expect(place.sockets).toHaveLength(1);
		await after(2);
		expect(place.sockets).toHaveLength(2);
		await after(95);
		expect(place.sockets).toHaveLength(2);
		await after(10);
		expect(place.sockets).toHaveLength(3);
	});

	test('C1: delays begin anew only after a line that held', async () => {
		await connect();
		place.connecting = (line) => line.accept();
		let at = 0;
		const lost = async () => {
			const { length } = place.sockets;
			place.socket.fail();
			for (at = Date.now(); place.sockets.length === length;) await after(10);
			return Math.round((Date.now() - at) / 100) * 100;
		};
		expect([await lost(), await lost(), await lost()]).toEqual([500, 1000, 2000]);
		await after(9_000);
		expect(await lost()).toBe(4000);
		await after(10_000);
		expect(await lost()).toBe(500);
	});

	test('an attempt that is never answered is given up', async () => {
		socket.open();
		await after(0);
		await after(10_600);
		expect(place.sockets).toHaveLength(2);
		place.socket.accept();
		expect(opened).toBe(1);
		place.sockets[0]!.accept();
		expect(opened).toBe(1);
	});

	for (const [what, happen] of [
		['the network comes back', () => place.window.dispatchEvent(new Event('online'))],
		['the page is looked at', () => place.show('visible')],
		['the page comes back from the cache', () => place.window.dispatchEvent(new Event('pageshow'))],
		['the page is thawed', () => place.document.dispatchEvent(new Event('resume'))],
	] as const) {
		test(`C1: when ${what}, a lost line is tried at once`, async () => {
			place.connecting = (line) => line.fail();
			socket.open();
			await after(60_000);
			const { length } = place.sockets;
			happen();
			await after(0);
			expect(place.sockets).toHaveLength(length + 1);
		});

		test(`C1: when ${what}, a line that seems open is probed, and made again when it is dead`, async () => {
			await connect();
			happen();
			expect(place.socket.sent).toEqual([PING]);
			await after(3_900);
			expect(states).toEqual(['open']);
			await after(200);
			expect(place.sockets).toHaveLength(2);
			place.socket.accept();
			expect(states).toEqual(['open', 'connecting', 'open']);

			happen();
			place.socket.say(PONG);
			await after(10_000);
			expect(place.sockets).toHaveLength(2);
		});
	}

	test('C1: after a try that somebody’s return caused, delays are short again', async () => {
		place.connecting = (line) => line.fail();
		socket.open();
		await after(60_000);
		place.show('visible');
		await after(0);
		const { length } = place.sockets;
		await after(3_100);
		expect(place.sockets).toHaveLength(length + 2);
	});

	test('C1: a hidden page is no reason to try', async () => {
		place.connecting = (line) => line.fail();
		socket.open();
		await after(60_000);
		const { length } = place.sockets;
		place.show('hidden');
		await after(0);
		expect(place.sockets).toHaveLength(length);
	});

	test('C1: after sleep, which a jump of the clock tells, the line is probed', async () => {
		await connect();
		await after(5_000);
		vi.setSystemTime(Date.now() + 60_000);
		await after(5_000);
		expect(place.socket.sent).toEqual([PING]);
	});

	test('a silent line is pinged every twenty seconds, and made again when it is dead', async () => {
		await connect();
		const line = place.socket;
		line.heard = (text) => text === PING && queueMicrotask(() => line.say(PONG));
		await after(60_000);
		expect(place.socket.sent).toEqual([PING, PING, PING]);
		line.heard = () => {};
		await after(25_000);
		expect(place.sockets).toHaveLength(2);
	});

	test('says that it is offline at once when the device knows it', async () => {
		place.online = false;
		socket.open();
		await after(0);
		expect(states).toEqual(['offline']);
		place.socket.accept();
		expect(states).toEqual(['offline', 'open']);
	});

	test('C1: drops the line when the device loses its network, and tries at once whether that is true', async () => {
		await connect();
		place.online = false;
		place.window.dispatchEvent(new Event('offline'));
		await after(0);
		expect(place.sockets).toHaveLength(2);
		expect(states.slice(1)).toEqual(['connecting', 'offline']);
		place.socket.accept();
		expect(states.at(-1)).toBe('open');
	});

	test('ends when the page ends it, and may be opened again', async () => {
		await connect();
		socket.close();
		expect(states).toEqual(['open', 'closed']);
		await after(60_000);
		expect(place.sockets).toHaveLength(1);
		place.window.dispatchEvent(new Event('online'));
		await after(0);
		expect(place.sockets).toHaveLength(1);

		await connect();
		expect(states).toEqual(['open', 'closed', 'connecting', 'open']);
	});

	test('does not come into being after it was ended while waiting', async () => {
		place.connecting = (line) => line.fail();
		socket.open();
		await after(5_000);
		const { length } = place.sockets;
		socket.close();
		await after(60_000);
		expect(place.sockets).toHaveLength(length);
		expect(states.at(-1)).toBe('closed');
	});
});

describe('a line that the server closed', () => {
	for (const [reason, { code, reconnect }] of Object.entries(CLOSE))
		test(`D4: ${reason} (${code}) ${reconnect ? 'comes back' : 'stays closed'}`, async () => {
			await connect();
			place.socket.end(code);
			await after(60_000);
			expect(place.sockets.length > 1).toBe(reconnect);
			expect(states.slice(1, 3)).toEqual(reconnect ? ['connecting', 'offline'] : ['closed', reason]);
		});

	test('an unknown code is a lost line', async () => {
		await connect();
		place.socket.end(1011);
		await after(1_000);
		expect(place.sockets).toHaveLength(2);
	});

	test.each(['session_revoked', 'suspended'] as const)('D4: %s leads to the log-in page', async (reason) => {
		await connect();
		place.socket.end(CLOSE[reason].code);
		await after(60_000);
		expect([place.sockets.length, place.wentToLogin]).toEqual([1, 1]);
	});
});

describe('an upgrade that was refused', () => {
	const refused = async (standing: Place['standing']) => {
		place.connecting = (line) => line.fail();
		place.standing = standing;
		socket.open();
		await after(0);
		expect(place.asked).toEqual([]);
		await after(510);
		expect(place.asked).toEqual([`/api/session?room=${room}`]);
	};

	test('when nobody is logged in, leads to the log-in page and no other try', async () => {
		await refused({ status: 401 });
		expect(place.wentToLogin).toBe(1);
		expect(states).toEqual(['closed', 'signed_out']);
		await after(60_000);
		expect(place.sockets).toHaveLength(1);
	});

	for (const [standing, reason] of [
		[{ person: ana, room: 'ended' }, 'friendship_ended'],
		[{ person: ana, room: 'none' }, 'unknown_room'],
		[{ person: bob, room: 'open' }, 'other_person'],
	] as const)
		test(`is not tried again when it says ${reason as CloseReason}`, async () => {
			await refused({ status: 200, body: standing });
			expect(states).toEqual(['closed', reason]);
			expect(place.wentToLogin).toBe(0);
			await after(60_000);
			expect(place.sockets).toHaveLength(1);
		});

	for (const [what, standing] of [
		['all is well', { status: 200, body: { person: ana, room: 'open' } }],
		['the server has trouble', { status: 503 }],
		['the answer is something else', { status: 200, body: 'hello' }],
		['nothing can be reached', null],
	] as const)
		test(`is tried again when ${what}`, async () => {
			await refused(standing);
			await after(0);
			expect(place.sockets).toHaveLength(2);
			expect(states).not.toContain('closed');
		});

	test('a line that was open and broke is tried again without asking', async () => {
		await connect();
		place.socket.fail();
		await after(510);
		expect(place.sockets).toHaveLength(2);
		expect(place.asked).toEqual([]);
	});
});
