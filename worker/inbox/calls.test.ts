import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ClientFrame } from '#lib/chat/protocol.ts';
import { join as joinRoom } from '../testing.ts';
import { befriend, inboxOf, join } from './testing.ts';

const ring = (call: string): ClientFrame => ({ type: 'ring', call, kind: 'voice' });

vi.setConfig({ testTimeout: 30_000 });
afterEach(() => void vi.restoreAllMocks());

describe('K2: a call is heard on every tab of both, whatever page is open', () => {
	test('when it rings, is answered and ends', async () => {
		const { ana, bob, room } = await befriend();
		const tabs = [await join(bob), await join(bob), await join(ana)];
		const atAna = await joinRoom(room, ana, 'ana-phone');
		const began = Date.now();
		atAna.say(ring('call-0001'));
		for (const tab of tabs)
			expect(await tab.heard('call')).toMatchObject({
				room,
				revision: 1,
				call: { state: 'ringing', caller: ana, callee: bob },
			});
		expect(Date.now() - began).toBeLessThan(3_000);

		const atBob = await joinRoom(room, bob, 'bob-phone');
		atBob.say({ type: 'answer', call: 'call-0001' });
		for (const tab of tabs) await tab.heard('call', ({ call }) => call.state === 'answered');
		atBob.say({ type: 'hang_up', call: 'call-0001', failed: false });
		for (const tab of tabs) await tab.heard('call', ({ call }) => call.state === 'ended');
	});

	test('on a tab that comes while it rings, and not on one that comes after', async () => {
		const { ana, bob, room } = await befriend();
		const atAna = await joinRoom(room, ana, 'ana-phone');
		atAna.say(ring('call-0001'));
		const early = await join(bob);
		early.say({ type: 'hello', active: true, idle: 0 });
		expect(await early.heard('call')).toMatchObject({ call: { state: 'ringing' } });
		atAna.say({ type: 'cancel', call: 'call-0001' });
		await early.heard('call', ({ call }) => call.state === 'ended');

		const late = await join(bob);
		late.say({ type: 'hello', active: true, idle: 0 });
		await late.heard('state');
		expect(late.frames.filter(({ type }) => type === 'call')).toEqual([]);
	});

	test('an Inbox that cannot be told is told again', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(bob);
		const failing = vi.spyOn(env.INBOXES, 'getByName').mockImplementationOnce(() => {
			throw new Error('Not reachable.');
		});
		(await joinRoom(room, ana, 'ana-phone')).say(ring('call-0001'));
		expect(await tab.heard('call')).toMatchObject({ call: { state: 'ringing' } });
		expect(failing).toHaveBeenCalled();
	});

	test('what comes late changes nothing', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(bob);
		const atAna = await joinRoom(room, ana, 'ana-phone');
		atAna.say(ring('call-0001'), { type: 'cancel', call: 'call-0001' });
		const ended = await tab.heard('call', ({ call }) => call.state === 'ended');
		const before = tab.frames.length;
		await inboxOf(bob).call({
			...ended,
			revision: ended.revision - 1,
			call: { ...ended.call, state: 'ringing', ringUntil: Date.now() + 30_000, alerted: false } as never,
		});
		tab.say({ type: 'hello', active: true, idle: 0 });
		await tab.heard('state');
		expect(tab.frames.slice(before).filter(({ type }) => type === 'call')).toEqual([]);
	});
});
