import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { INBOX_BURST, INBOX_FRAME_MAX_BYTES, TABS_MAX } from '#lib/chat/inbox-protocol.ts';
import { CHECK_EVERY, GRACE, SILENT_AFTER } from '#lib/chat/presence.ts';
import { CLOSE, PING, PONG } from '#lib/chat/protocol.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { Summary } from '#lib/chat/summary.ts';
import * as friends from '#lib/server/friends.ts';
import * as invitations from '#lib/server/invitations.ts';
import { door } from '../session.ts';
import { Inbox } from './inbox-object.ts';
import { InboxStore } from './inbox-store.ts';
import { befriend, inboxOf, join, knock, openTab } from './testing.ts';

const line = (room: string, from: PersonId, seq: number): Summary => ({
	room,
	revision: seq,
	last: { seq, from, at: 1_000 + seq, preview: { kind: 'text', text: `message ${seq}` } },
	unread: seq,
	delivered: 0,
	read: 0,
});

const storeOf = <T>(person: PersonId, look: (store: InboxStore) => T): Promise<T> =>
	runInDurableObject(inboxOf(person), (_, { storage }) => look(new InboxStore(storage.sql)));

/** Time goes on for everybody; the objects share this test's clock. */
async function later(ms: number, ...whose: PersonId[]): Promise<void> {
	vi.setSystemTime(Date.now() + ms);
	for (const person of whose) await runDurableObjectAlarm(inboxOf(person));
}

vi.setConfig({ testTimeout: 30_000 });
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.now() }));
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('a tab', () => {
	test('is told everything at once, and then what changes', async () => {
		const { ana, bob, room } = await befriend();
		await inboxOf(ana).summary(line(room, bob, 3));
		const tab = await join(ana);
		const state = await tab.heard('state');
		expect(state).toMatchObject({
			you: ana,
			complete: true,
			unseen: 0,
			rows: [{ room, open: true, muted: false, friend: { id: bob }, summary: line(room, bob, 3) }],
		});
		expect(await inboxOf(ana).summary(line(room, bob, 4))).toBe(4);
		expect((await tab.heard('row')).row.summary).toEqual(line(room, bob, 4));
	});

	test('goes on hearing after the Inbox was evicted, and the platform answers pings meanwhile', async () => {
		const { ana, bob, room } = await befriend();
		const tabs = [await join(ana), await join(ana)];
		await evictDurableObject(inboxOf(ana));
		tabs[0]!.shout(PING);
		await vi.waitFor(() => expect(tabs[0]!.texts).toEqual([PONG]));
		await inboxOf(ana).summary(line(room, bob, 1));
		for (const tab of tabs) await tab.heard('row', ({ row }) => row.summary?.unread === 1);
	});

	test('R1: says what it has, and the room hears of it', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(ana);
		await inboxOf(ana).summary(line(room, bob, 3));
		tab.say({ type: 'delivered', rooms: [[room, 3]] });
		await vi.waitFor(async () =>
			expect(await storeOf(ana, (store) => [store.summary(room)?.got, store.unconfirmed()])).toEqual([3, []]),
		);
	});

	test('D5: hears why a frame was not obeyed, and stays', async () => {
		const { ana } = await befriend();
		const tab = await join(ana);
		for (const [data, code] of [
			['{', 'malformed'],
			['{"type":"shout"}', 'unknown_frame'],
			[new ArrayBuffer(3), 'malformed'],
			['x'.repeat(INBOX_FRAME_MAX_BYTES + 1), 'too_big'],
		] as const) {
			tab.shout(data);
			await tab.heard('refused', (frame) => frame.code === code);
		}
		for (let i = 0; i < INBOX_BURST; i++) tab.say({ type: 'activity', active: true, idle: 0 });
		expect((await tab.heard('refused', (frame) => frame.code === 'slow_down')).retryAfter).toBeGreaterThan(0);
	});

	test('that comes back replaces its own old socket, and does not count twice', async () => {
		const { ana } = await befriend();
		const device = crypto.randomUUID();
		const old = await openTab(ana, 'session1', device);
		await openTab(ana, 'session1', device);
		expect((await old.closed).reason).toBe('replaced');
		expect((await inboxOf(ana).attended()).tabs).toBe(1);
	});

	test('beyond the limit is refused before the upgrade', async () => {
		const { ana } = await befriend();
		for (let i = 0; i < TABS_MAX; i++) await openTab(ana);
		expect((await knock(ana)).status).toBe(429);
	});
});

describe('D4: a revoked session', () => {
	test('is closed at once and opens no more; others go on', async () => {
		const { ana, bob, room } = await befriend();
		const [mine, stolen] = [await join(ana), await openTab(ana, 'stolen')];
		expect(await inboxOf(ana).admits('stolen')).toBe(true);
		await inboxOf(ana).revoke(['stolen'], 'session_revoked');
		expect((await stolen.closed).code).toBe(CLOSE.session_revoked.code);
		expect((await knock(ana, 'stolen')).status).toBe(401);
		expect(await inboxOf(ana).admits('stolen')).toBe(false);
		await inboxOf(ana).summary(line(room, bob, 1));
		await mine.heard('row');
	});

	test('of a suspended person are all of them', async () => {
		const { ana } = await befriend();
		const tab = await openTab(ana);
		await inboxOf(ana).revoke(['session1'], 'suspended');
		expect((await tab.closed).code).toBe(CLOSE.suspended.code);
	});
});

describe('P2, P3: presence', () => {
	const active = (person: PersonId) => (frame: { person: string; active: boolean }) =>
		frame.person === person && frame.active;
	const away = (person: PersonId) => (frame: { person: string; active: boolean }) =>
		frame.person === person && !frame.active;

	test('of a friend is told on coming, and on going once the grace is over, through evictions', async () => {
		const { ana, bob } = await befriend();
		const atAna = await join(ana);
		const atBob = await join(bob);
		await atAna.heard('presence', active(bob));
		await atBob.heard('presence', active(ana));

		await evictDurableObject(inboxOf(ana));
		await evictDurableObject(inboxOf(bob));
		const left = Date.now();
		atBob.close();
		await vi.waitFor(async () => expect((await inboxOf(bob).attended()).tabs).toBe(0));
		await later(GRACE, bob);
		const told = await atAna.heard('presence', away(bob));
		expect(Math.abs(told.at - left)).toBeLessThan(1_000);
	});

	test('does not flicker on a reload', async () => {
		const { ana, bob } = await befriend();
		const atAna = await join(ana);
		const atBob = await join(bob);
		await atAna.heard('presence', active(bob));
		const count = () => atAna.frames.filter((frame) => frame.type === 'presence').length;
		const before = count();
		atBob.close();
		await vi.waitFor(async () => expect((await inboxOf(bob).attended()).tabs).toBe(0));
		await later(GRACE / 2, bob);
		await join(bob);
		await later(GRACE, bob);
		expect(count()).toBe(before);
	});

	test('of somebody with three tabs ends with the third, and not with two of them', async () => {
		const { ana, bob } = await befriend();
		const atAna = await join(ana);
		const tabs = [await join(bob), await join(bob), await join(bob)];
		await atAna.heard('presence', active(bob));
		const close = async (left: number) => {
			tabs[left]!.close();
			await vi.waitFor(async () => expect((await inboxOf(bob).attended()).tabs).toBe(left));
			await later(GRACE, bob);
		};
		await close(2);
		await close(1);
		expect(atAna.frames.filter((frame) => frame.type === 'presence' && !frame.active)).toEqual([]);
		expect((await inboxOf(ana).snapshot()).presence).toMatchObject([{ person: bob, active: true }]);
		await close(0);
		await atAna.heard('presence', away(bob));
	});

	test('of somebody whose laptop fell asleep ends when it was last heard, and begins when it wakes', async () => {
		const { ana, bob } = await befriend();
		const atAna = await join(ana);
		const atBob = await join(bob);
		await atAna.heard('presence', active(bob));
		const heard = Date.now();
		// Ana's tab goes on pinging; bob's socket stands and says nothing.
		await later(SILENT_AFTER + CHECK_EVERY, bob);
		const told = await atAna.heard('presence', away(bob));
		expect(Math.abs(told.at - heard)).toBeLessThan(1_000);
		expect((await inboxOf(bob).attended()).tabs).toBe(1);
		const count = atAna.frames.length;
		atBob.say({ type: 'activity', active: true, idle: 0 });
		await vi.waitFor(() =>
			expect(atAna.frames.slice(count)).toContainEqual(
				expect.objectContaining({ type: 'presence', person: bob, active: true }),
			),
		);
	});

	test('is told to nobody who is not there: their Inbox is not woken for it', async () => {
		const { ana, bob } = await befriend();
		const atAna = await join(ana);
		const atBob = await join(bob);
		await atAna.heard('presence', active(bob));
		atAna.close();
		await vi.waitFor(async () => expect((await inboxOf(ana).attended()).tabs).toBe(0));
		await later(GRACE, ana);
		await vi.waitFor(async () =>
			expect(await storeOf(bob, (store) => store.presence.subscribers())).toEqual([]),
		);
		const woken = vi.spyOn(Inbox.prototype, 'friendPresence');
		atBob.say({ type: 'activity', active: false, idle: 400_000 });
		await vi.waitFor(async () => expect((await inboxOf(bob).attended()).active).toBe(false));
		expect(woken).not.toHaveBeenCalled();
	});

	test('is in the first page that somebody without a tab asks for, and nobody is told of more when no tab comes', async () => {
		const { ana, bob, room } = await befriend();
		await join(bob);
		expect((await inboxOf(ana).snapshot()).presence).toMatchObject([{ person: bob, active: true }]);
		expect((await inboxOf(ana).chat(room))?.presence).toMatchObject({ active: true });
		expect((await inboxOf(ana).attended()).active).toBe(false);
		await later(GRACE, ana);
		await vi.waitFor(async () =>
			expect(await storeOf(bob, (store) => store.presence.subscribers())).toEqual([]),
		);
	});

	test('of a friend who does not answer keeps no page waiting', async () => {
		const { ana, bob } = await befriend();
		await inboxOf(ana).snapshot();
		await later(GRACE, ana);
		vi.spyOn(Inbox.prototype, 'subscribe').mockReturnValue(new Promise(() => {}));
		const began = performance.now();
		expect((await inboxOf(ana).snapshot()).rows).toMatchObject([{ friend: { id: bob } }]);
		expect(performance.now() - began).toBeLessThan(2_000);
	});

	test('ends with the friendship, on both sides, and begins with the next', async () => {
		const { ana, bob, room } = await befriend();
		const atAna = await join(ana);
		const atBob = await join(bob);
		await atAna.heard('presence', active(bob));
		await friends.end(door(env).db, bob, room, new Date());
		await Promise.all([inboxOf(ana).refresh(), inboxOf(bob).refresh()]);
		await atAna.heard('row', ({ row }) => !row.open);
		await atBob.heard('news', ({ news }) => news === 'friend_lost');
		expect((await inboxOf(ana).snapshot()).presence).toEqual([]);
		expect(await inboxOf(bob).subscribe(ana)).toBeNull();

		const { db } = door(env);
		await invitations.invite(db, ana, bob, new Date());
		await inboxOf(bob).refresh();
		await atBob.heard('unseen', ({ unseen }) => unseen === 1);
		expect(await atBob.heard('news')).toMatchObject({ news: 'invited', person: { id: ana }, mine: false });
		await invitations.accept(db, bob, ana, new Date());
		const before = atAna.frames.length;
		await Promise.all([inboxOf(ana).refresh(), inboxOf(bob).refresh()]);
		await atAna.heard('news', ({ news }) => news === 'friend_gained');
		await vi.waitFor(() =>
			expect(atAna.frames.slice(before)).toContainEqual(
				expect.objectContaining({ type: 'presence', person: bob, active: true }),
			),
		);
	});

	test('P2: reaches Postgres at most once a minute', async () => {
		const { ana } = await befriend();
		const asked = vi.spyOn(globalThis, 'fetch');
		const saves = () =>
			asked.mock.calls.filter(([, init]) => String(init?.body).includes('last_active_at')).length;
		for (let i = 0; i < 6; i++) {
			const tab = await join(ana);
			tab.close();
			await vi.waitFor(async () => expect((await inboxOf(ana).attended()).tabs).toBe(0));
			await later(GRACE, ana);
		}
		await vi.waitFor(() => expect(saves()).toBeGreaterThan(0));
		expect(saves()).toBeLessThanOrEqual(2);
		await later(60_000, ana);
		await vi.waitFor(() => expect(saves()).toBe(2));
	});
});

describe('an Inbox whose storage is gone', () => {
	test('is made again from Postgres and the rooms, with its tabs connected', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(ana);
		const atBob = await join(bob);
		await atBob.heard('presence', active(ana));
		for (const words of ['are you there?', 'and there?'])
			await env.ROOMS.getByName(room).send(bob, `message ${words.length}`.replace(' ', '-'), {
				kind: 'text',
				text: words,
			});
		await tab.heard('row', ({ row }) => row.summary?.unread === 2);
		await runInDurableObject(inboxOf(ana), (_, { storage }) => storage.deleteAll());
		await evictDurableObject(inboxOf(ana));
		tab.frames.length = 0;
		expect(await inboxOf(ana).snapshot()).toMatchObject({ rows: [{ room, friend: { id: bob } }] });
		await tab.heard('state');
		// The line comes from the room, which had told it before.
		await vi.waitFor(async () =>
			expect((await inboxOf(ana).snapshot()).rows[0]?.summary).toMatchObject({
				unread: 2,
				last: { seq: 2, preview: { text: 'and there?' } },
			}),
		);
		await vi.waitFor(async () => expect((await inboxOf(ana).snapshot()).complete).toBe(true));
		// Its subscribers were lost too, and yet hear what happens next.
		atBob.frames.length = 0;
		tab.say({ type: 'activity', active: false, idle: 400_000 });
		await atBob.heard('presence', ({ person, active: is }) => person === ana && !is);
	});

	const active = (person: PersonId) => (frame: { person: string; active: boolean }) =>
		frame.person === person && frame.active;

	test('and who cannot reach Postgres opens all the same, and is complete as soon as it can', async () => {
		const { ana, bob, room } = await befriend();
		vi.spyOn(console, 'error').mockImplementation(() => {});
		const down = vi
			.spyOn(globalThis, 'fetch')
			.mockRejectedValue(new TypeError('The network connection was lost.'));
		const tab = await openTab(ana);
		tab.say({ type: 'hello', active: true, idle: 0 });
		expect(await tab.heard('state')).toMatchObject({ complete: false, rows: [] });
		expect(await inboxOf(ana).summary(line(room, bob, 2))).toBe(2);
		down.mockRestore();
		await later(5_000, ana);
		expect(await tab.heard('state', (state) => state.complete)).toMatchObject({
			rows: [{ room, summary: line(room, bob, 2) }],
		});
	});
});
