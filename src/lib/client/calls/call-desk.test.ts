import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallFrame } from '#lib/chat/call-frames.ts';
import { CallDesk } from './call-desk.svelte.ts';

const ana = 'ana00001';
const bob = { id: 'bob00001', name: 'Bob', username: 'bob' };
const eve = { id: 'eve00001', name: 'Eve', username: 'eve' };
const [withBob, withEve] = ['ana00001_bob00001', 'ana00001_eve00001'];
const NOW = 1_700_000_000_000;

/** What sessions were made and asked to do, in order. */
let log: string[];

class FakeSession {
	over = false;
	readonly outgoing: boolean;
	readonly call: { id: string } | null;
	constructor(outgoing: boolean, id?: string) {
		this.outgoing = outgoing;
		this.call = id ? { id } : null;
	}
	hear() {
		log.push('hear');
	}
	sayBusy() {
		log.push('busy');
	}
	close() {
		log.push('close');
		this.over = true;
	}
}

const start = vi.hoisted(() => ({ ring: vi.fn(), take: vi.fn() }));
vi.mock('./call-start.ts', () => start);

const ringing = (from: string, id: string, revision = 1): CallFrame => ({
	type: 'call',
	revision,
	now: NOW,
	call: {
		state: 'ringing',
		id,
		kind: 'voice',
		caller: from,
		callee: ana,
		callerDevice: 'device-1',
		startedAt: NOW,
		ringUntil: NOW + 45_000,
		alerted: false,
	},
});
const ended = (from: string, id: string, revision: number): CallFrame => ({
	...ringing(from, id, revision),
	call: {
		...ringing(from, id).call!,
		state: 'ended',
		outcome: 'missed',
		calleeDevice: null,
		endedAt: NOW,
		duration: 0,
	},
});
const session = (desk: CallDesk) => desk.current!.session as unknown as FakeSession;

let desk: CallDesk;
beforeEach(() => {
	log = [];
	start.ring.mockReset().mockImplementation((_, room: string, kind: string) => {
		log.push(`ring ${room} ${kind}`);
		return new FakeSession(true);
	});
	start.take.mockReset().mockImplementation((_, room: string, { call }: CallFrame) => {
		log.push(`take ${room} ${call!.id}`);
		return new FakeSession(false, call!.id);
	});
	desk = new CallDesk(ana);
});

describe('a tab', () => {
	it('rings once for a call, however often and by whatever way it is told (K2)', async () => {
		await Promise.all([
			desk.heard(withBob, bob, ringing(bob.id, 'call-0001')),
			desk.heard(withBob, bob, ringing(bob.id, 'call-0001')),
		]);
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0001', 2));
		expect(log).toEqual(['take ana00001_bob00001 call-0001', 'hear']);
		expect(desk.current).toMatchObject({ room: withBob, friend: bob });
	});

	it('rings not for a call that is over, has had its time, or is its own', async () => {
		await desk.heard(withBob, bob, ended(bob.id, 'call-0001', 3));
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0001', 2));
		await desk.heard(withBob, bob, { ...ringing(bob.id, 'call-0002', 4), now: NOW + 45_000 });
		const mine = ringing(ana, 'call-0003', 5);
		await desk.heard(withBob, bob, { ...mine, call: { ...mine.call!, callee: bob.id } });
		expect(log).toEqual([]);
	});

	it('in a call says that it is busy, and stays in it', async () => {
		await desk.ring(withBob, bob, 'video');
		await desk.heard(withEve, eve, ringing(eve.id, 'call-0002'));
		expect(log).toEqual(['ring ana00001_bob00001 video', 'take ana00001_eve00001 call-0002', 'busy']);
		expect(desk.current).toMatchObject({ room: withBob });
	});

	it('that calls somebody who calls it does not ring: the room makes one call of it (K3)', async () => {
		const calling = desk.ring(withBob, bob, 'voice');
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0002'));
		await calling;
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0002', 2));
		expect(log).toEqual(['ring ana00001_bob00001 voice', 'hear']);
	});

	it('makes one call of two taps, and may call again when it is over', async () => {
		await Promise.all([desk.ring(withBob, bob, 'voice'), desk.ring(withBob, bob, 'voice')]);
		expect(log).toEqual(['ring ana00001_bob00001 voice']);
		session(desk).over = true;
		await desk.ring(withEve, eve, 'voice');
		expect(desk.current).toMatchObject({ room: withEve });
	});

	it('for which a call cannot be loaded says so, and rings with the next that is told', async () => {
		start.ring.mockImplementationOnce(() => {
			throw new TypeError('Failed to fetch');
		});
		await expect(desk.ring(withBob, bob, 'voice')).rejects.toThrow();
		expect(desk.busy).toBe(false);
		start.take.mockImplementationOnce(() => {
			throw new TypeError('Failed to fetch');
		});
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0001'));
		expect(desk.current).toBeNull();
		await desk.heard(withBob, bob, ringing(bob.id, 'call-0001', 2));
		expect(desk.current).not.toBeNull();
	});

	it('that goes away leaves its call', async () => {
		await desk.ring(withBob, bob, 'voice');
		desk.close();
		expect(log.at(-1)).toBe('close');
		expect(desk.current).toBeNull();
	});
});
