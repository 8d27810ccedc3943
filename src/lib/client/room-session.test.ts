import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HOLE_PATIENCE } from '#lib/chat/limits.ts';
import type { ClientFrame } from '#lib/chat/protocol.ts';
import { Outbox } from './outbox.ts';
import { RoomSession, type RoomSessionOptions } from './room-session.svelte.ts';
import { ana, bob, emptyOutboxes, pass, room, TestRoom, type Place } from './testing.ts';

let there: TestRoom;
let sessions: RoomSession[];
let storage: Map<string, string>;

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
	storage = new Map();
	vi.stubGlobal('localStorage', {
		getItem: (key: string) => storage.get(key) ?? null,
		setItem: (key: string, value: string) => storage.set(key, value),
		removeItem: (key: string) => storage.delete(key),
	});
	there = new TestRoom();
	sessions = [];
});
afterEach(async () => {
	for (const session of sessions) session.close();
	await pass();
	await emptyOutboxes();
	vi.unstubAllGlobals();
	vi.useRealTimers();
});

/** A tab of somebody's. It stays quiet until it is opened. */
function tab(
	person = ana,
	options: Partial<RoomSessionOptions> = {},
	place = there.place(person),
): { session: RoomSession; place: Place } {
	const session = new RoomSession({ room, me: person, history: there.history(), ...options }, place);
	sessions.push(session);
	return { session, place };
}
async function live(person = ana, options: Partial<RoomSessionOptions> = {}) {
	const opened = tab(person, options);
	opened.session.open();
	await pass(10);
	expect(opened.session.line).toBe('live');
	return opened;
}
const texts = (messages: readonly { body: { kind: string; text?: string } }[]) =>
	messages.map(({ body }) => (body.kind === 'text' ? body.text : body.kind));
const heard = <Type extends ClientFrame['type']>(type: Type, person = ana) =>
	there.heard
		.filter(([who, frame]) => who === person && frame.type === type)
		.map(([, frame]) => frame) as Extract<ClientFrame, { type: Type }>[];
const kept = (person = ana) => new Outbox(person, room).all();

describe('saying something', () => {
	test('M6: it is on the screen at once, then sent, delivered and seen', async () => {
		const { session } = await live();
		const friend = await live(bob);
		friend.place.show('hidden');

		expect(session.send('  hello ')).toEqual({ ok: true, id: expect.any(String) });
		const said = [session.stateOf(session.pending[0]!)];
		expect(texts(session.pending)).toEqual(['hello']);
		await pass(10);
		expect(session.pending).toEqual([]);
		said.push(session.stateOf(session.messages[0]!));
		await pass(500);
		said.push(session.stateOf(session.messages[0]!));
		friend.session.seen(1);
		await pass(500);
		said.push(session.stateOf(session.messages[0]!));
		friend.place.show('visible');
		await pass(500);
		said.push(session.stateOf(session.messages[0]!));
		expect(said).toEqual(['sending', 'sent', 'delivered', 'delivered', 'seen']);
		expect(Math.abs(session.seenAt(session.messages[0]!)! - Date.now())).toBeLessThan(500);
		expect(await kept()).toEqual([]);
	});

	test('M2: what is said quickly arrives in order, once each', async () => {
		const { session } = await live();
		for (let n = 0; n < 10; n++) session.send(`number ${n}`);
		await pass(50);
		expect(texts(there.all())).toEqual(Array.from({ length: 10 }, (_, n) => `number ${n}`));
		expect(texts(session.messages)).toEqual(texts(there.all()));
		expect(heard('send')).toHaveLength(10);
	});

	test('D5: what cannot be said is not taken, with the reason', async () => {
		const { session } = await live();
		expect(session.send(' \n ')).toEqual({ ok: false, code: 'empty' });
		expect(session.send('x'.repeat(4001))).toEqual({ ok: false, code: 'too_long' });
		expect(session.send('😀'.repeat(4000))).toMatchObject({ ok: true });
		await pass(10);
		expect(there.all()).toHaveLength(1);
	});

	test('D5: slow_down is waited out, and order is kept', async () => {
		const { session } = await live();
		there.bucket = 2;
		for (let n = 0; n < 5; n++) session.send(`number ${n}`);
		await pass(50);
		expect(texts(there.all())).toEqual(['number 0', 'number 1']);
		expect(session.pending.map(({ state }) => state)).toEqual(['sending', 'sending', 'sending']);
		there.bucket = 100;
		await pass(200);
		expect(texts(there.all())).toEqual(Array.from({ length: 5 }, (_, n) => `number ${n}`));
		expect(new Set(heard('send').map(({ id }) => id)).size).toBe(5);
	});

	test('D5: while slow_down lasts, nothing more is sent', async () => {
		const { session } = await live();
		there.bucket = 0;
		session.send('one');
		await pass(50);
		session.send('two');
		await pass(20);
		expect(heard('send')).toHaveLength(1);
		there.bucket = 100;
		await pass(100);
		expect(texts(there.all())).toEqual(['one', 'two']);
	});

	test('D5: a refusal of something else on this line is no reason to wait', async () => {
		const { session, place } = await live();
		const refusals: unknown[] = [];
		session.listen((frame) => frame.type === 'refused' && refusals.push(frame.id));
		place.socket.say('{"type":"refused","code":"slow_down","id":"some-call","retryAfter":60000}');
		session.send('hello');
		await pass(10);
		expect([texts(there.all()), refusals]).toEqual([['hello'], ['some-call']]);
	});

	test('D5: a hello that was slowed down is said again', async () => {
		there.bucket = 0;
		const { session, place } = tab();
		session.open();
		await pass(50);
		expect(session.line).toBe('connecting');
		there.bucket = 100;
		await pass(100);
		expect([session.line, place.sockets.length]).toEqual(['live', 1]);
	});

	test('M6: any other refusal fails it with the reason; it is kept so, tried again or given up', async () => {
		there.say(ana, 'something else', 'taken-id-1');
		const { session } = await live();
		session.send('with a taken id', 'taken-id-1');
		await pass(10);
		// The log already has this id of mine: nothing is added.
		expect(session.pending).toEqual([]);

		there.hears = (frame) => {
			if (frame.type !== 'send') return true;
			there.act(ana, { ...frame, body: { kind: 'text', text: 'other content' } });
			return true;
		};
		there.carries = (frame) => frame.type === 'refused' || frame.type === 'sync';
		session.send('mine', 'refused-id');
		session.send('next', 'next-after');
		await pass(10);
		expect(session.pending.map(({ id, state, reason }) => [id, state, reason])).toEqual([
			['refused-id', 'failed', 'id_taken'],
			['next-after', 'failed', 'id_taken'],
		]);
		expect((await kept())?.map(({ id, state, reason }) => [id, state, reason])).toEqual([
			['refused-id', 'failed', 'id_taken'],
			['next-after', 'failed', 'id_taken'],
		]);

		session.retry('refused-id');
		expect(session.pending.map(({ id, state }) => [id, state])).toEqual([
			['next-after', 'failed'],
			['refused-id', 'sending'],
		]);
		expect(session.discard('next-after')).toBe('next');
		await pass(10);
		expect((await kept())?.map(({ id }) => id)).toEqual(['refused-id']);
	});

	test('M1: an acknowledgement that was lost is asked for again with the same id', async () => {
		const { session } = await live();
		let lost = 1;
		there.carries = (frame) => frame.type !== 'message' || lost-- <= 0;
		session.send('hello');
		await pass(100);
		expect(session.pending).toHaveLength(1);
		await pass(11_000);
		expect(session.pending).toEqual([]);
		expect(texts(there.all())).toEqual(['hello']);
		expect(new Set(heard('send').map(({ id }) => id)).size).toBe(1);
	});
});

describe('a bad line', () => {
	test('C2: after reconnecting, what was missed comes first, then what waits is sent, then marks', async () => {
		const { session } = await live();
		there.down = true;
		there.restart();
		await pass(10);
		expect(session.line).toBe('connecting');
		session.send('from the dark');
		there.say(bob, 'meanwhile');
		await pass(3_000);
		expect(session.line).toBe('offline');
		expect(texts(session.pending)).toEqual(['from the dark']);

		there.down = false;
		there.heard = [];
		await pass(30_000);
		expect(session.line).toBe('live');
		expect(texts(session.messages)).toEqual(['meanwhile', 'from the dark']);
		expect(there.heard.map(([, { type }]) => type).filter((type, at, all) => type !== all[at - 1])).toEqual([
			'hello',
			'send',
			'mark',
		]);
	});

	test('C2: a line that is lost and made again at once does not hold up what is said', async () => {
		const { session, place } = tab();
		place.chance = 0;
		session.open();
		await vi.advanceTimersByTimeAsync(5);
		expect(session.line).toBe('live');
		there.restart();
		await vi.advanceTimersByTimeAsync(5);
		expect([session.line, place.sockets.length]).toEqual(['live', 2]);
		session.send('hello');
		await pass(100);
		expect(texts(there.all())).toEqual(['hello']);
	});

	test('M1: a line that broke after the message arrived does not double it', async () => {
		const { session } = await live();
		there.carries = (frame) => frame.type !== 'message';
		session.send('hello');
		await pass(10);
		there.carries = () => true;
		there.restart();
		await pass(1_000);
		expect(session.line).toBe('live');
		expect([texts(session.messages), session.pending]).toEqual([['hello'], []]);
		expect(heard('send')).toHaveLength(1);
	});

	test('C3: what was written with no line survives the page, and is sent once by the next', async () => {
		there.down = true;
		const first = tab();
		first.session.open();
		first.session.send('one');
		first.session.send('two');
		await pass(100);
		first.session.close();
		await pass();

		there.down = false;
		const { session } = await live();
		await pass(10);
		expect(texts(there.all())).toEqual(['one', 'two']);
		expect([texts(session.messages), session.pending]).toEqual([['one', 'two'], []]);
		expect(await kept()).toEqual([]);
	});

	test('C3: it waits for whoever wrote it, not for the next person in this browser', async () => {
		there.down = true;
		const first = tab(ana);
		first.session.open();
		first.session.send('of ana');
		await pass(100);
		first.session.close();

		there.down = false;
		const { session } = await live(bob);
		await pass(100);
		expect([session.pending, there.all()]).toEqual([[], []]);
		await live(ana);
		await pass(100);
		expect(texts(there.all())).toEqual(['of ana']);
	});

	test('C3: two tabs send what both wrote in the order of writing, each message once', async () => {
		there.down = true;
		const [one, other] = [tab(), tab()];
		for (const { session } of [one, other]) session.open();
		await pass(10);
		for (const [at, { session }] of [one, other, one, other, one].entries()) {
			session.send(`number ${at}`);
			await pass(10);
		}
		const all = Array.from({ length: 5 }, (_, n) => `number ${n}`);
		expect(texts(one.session.pending)).toEqual(all);
		expect(texts(other.session.pending)).toEqual(all);

		there.down = false;
		for (const { place } of [one, other]) place.window.dispatchEvent(new Event('online'));
		await pass(100);
		expect(texts(there.all())).toEqual(all);
		expect(heard('send')).toHaveLength(5);
		for (const { session } of [one, other])
			expect([texts(session.messages), session.pending]).toEqual([all, []]);
	});

	test('M2: two live tabs keep the order of writing, even when the first is slow', async () => {
		const [one, other] = [await live(), await live()];
		let lost = 1;
		there.hears = (frame) => frame.type !== 'send' || lost-- <= 0;
		one.session.send('first');
		await pass(10);
		other.session.send('second');
		await pass(1_000);
		expect(there.all()).toEqual([]);
		await pass(10_000);
		expect(texts(there.all())).toEqual(['first', 'second']);

		one.session.send('third');
		await pass(1);
		other.session.send('fourth');
		await pass(10);
		expect(texts(there.all()).slice(2)).toEqual(['third', 'fourth']);
	});

	test('C3: what a closed tab left is taken over by one that is live', async () => {
		const { session } = await live();
		there.hears = (frame) => frame.type !== 'send';
		const second = await live();
		second.session.send('left behind');
		await pass(10);
		second.session.close();
		expect(texts(session.pending)).toEqual(['left behind']);
		there.hears = () => true;
		await pass(20_000);
		expect(session.pending).toEqual([]);
		expect(texts(there.all())).toEqual(['left behind']);
	});

	test('C3: what is given up in one tab is gone in the other', async () => {
		there.down = true;
		const [one, other] = [tab(), tab()];
		for (const { session } of [one, other]) session.open();
		one.session.send('never mind');
		await pass(10);
		expect(texts(other.session.pending)).toEqual(['never mind']);
		expect(other.session.discard(other.session.pending[0]!.id)).toBe('never mind');
		await pass(10);
		expect([one.session.pending, await kept()]).toEqual([[], []]);
	});

	test('C3: without IndexedDB the page remembers what waits', async () => {
		vi.stubGlobal('indexedDB', undefined);
		there.down = true;
		const { session } = tab();
		session.open();
		session.send('only in memory');
		await pass(100);
		expect(await kept()).toBeNull();
		there.down = false;
		await pass(5_000);
		expect(texts(there.all())).toEqual(['only in memory']);
		expect(session.pending).toEqual([]);
	});

	test('C3: without locks the only tab sends', async () => {
		vi.stubGlobal('navigator', {});
		const { session } = await live();
		session.send('hello');
		await pass(10);
		expect(texts(there.all())).toEqual(['hello']);
	});

	test('M5: a hole is waited for, and then asked about', async () => {
		const { session } = await live();
		there.carries = () => false;
		there.say(bob, 'one');
		there.carries = () => true;
		there.say(bob, 'two');
		await pass(10);
		expect(session.messages).toEqual([]);
		expect(heard('hello')).toHaveLength(1);
		await pass(HOLE_PATIENCE);
		expect(heard('hello')).toHaveLength(2);
		expect(texts(session.messages)).toEqual(['one', 'two']);
	});

	test('C1: a page that is looked at again after a while asks whether it missed anything', async () => {
		const { session, place } = await live();
		there.carries = () => false;
		there.say(bob, 'one');
		there.carries = () => true;
		place.show('visible');
		await pass(1_000);
		expect(heard('hello')).toHaveLength(1);
		await pass(40_000);
		place.show('visible');
		await pass(10);
		expect(heard('hello')).toHaveLength(2);
		expect(texts(session.messages)).toEqual(['one']);
	});

	test('C2: somebody far behind catches up page by page', async () => {
		const { session } = tab();
		for (let n = 0; n < 350; n++) there.say(bob, `number ${n}`);
		session.open();
		await pass(50);
		expect(session.line).toBe('live');
		expect(session.messages).toHaveLength(350);
		expect(heard('hello').map(({ last }) => last)).toEqual([0, 100, 200, 300]);
	});

	test('a hello that is never answered makes the line anew', async () => {
		there.hears = (frame) => frame.type !== 'hello';
		const { session, place } = tab();
		session.open();
		await pass(5_000);
		expect(session.line).toBe('connecting');
		there.hears = () => true;
		await pass(6_000);
		expect([session.line, place.sockets.length]).toEqual(['live', 2]);
	});
});

describe('history', () => {
	test('older messages come a page at a time, until there are no more', async () => {
		for (let n = 0; n < 120; n++) there.say(bob, `number ${n}`);
		const { session } = await live();
		const lengths = [session.messages.length];
		while (session.hasOlder) {
			const loading = session.loadOlder();
			expect(session.loadingOlder).toBe(true);
			await pass(10);
			await loading;
			lengths.push(session.messages.length);
		}
		expect(lengths).toEqual([50, 100, 120]);
		expect(texts(session.messages)).toEqual(texts(there.history(200).messages));
		session.forgetOlder(30);
		expect([session.messages.length, session.hasOlder]).toEqual([30, true]);
	});

	test('a page that does not come says so, and may be asked for again', async () => {
		for (let n = 0; n < 60; n++) there.say(bob, `number ${n}`);
		const { session } = await live();
		there.hears = (frame) => frame.type !== 'page';
		void session.loadOlder();
		await pass(11_000);
		expect([session.loadingOlder, session.olderFailed]).toEqual([false, true]);
		there.hears = () => true;
		void session.loadOlder();
		await pass(10);
		expect([session.messages.length, session.olderFailed]).toEqual([60, false]);
	});

	test('D4: a former friend reads older history another way, and can say nothing', async () => {
		for (let n = 0; n < 60; n++) there.say(bob, `number ${n}`);
		there.setOpen(false);
		const { session, place } = tab(ana, { open: false, older: async () => there.history(200) });
		session.open();
		await session.loadOlder();
		await pass(1_000);
		expect(session.messages).toHaveLength(60);
		expect(session.send('hello')).toEqual({ ok: false, code: 'ended' });
		expect([session.line, session.closedFor, place.sockets]).toEqual(['closed', 'friendship_ended', []]);
	});
});

describe('changes', () => {
	test('M7: a message of mine is deleted for everyone', async () => {
		const [{ session }, friend] = [await live(), await live(bob)];
		session.send('oh no', 'oh-no-oh-no');
		await pass(10);
		session.delete('oh-no-oh-no');
		expect(session.isDeleting('oh-no-oh-no')).toBe(true);
		await pass(10);
		expect(session.isDeleting('oh-no-oh-no')).toBe(false);
		for (const one of [session, friend.session]) expect(texts(one.messages)).toEqual(['deleted']);
	});

	test('M7: nobody deletes what somebody else said', async () => {
		there.say(bob, 'of bob', 'of-bob-1234');
		const { session } = await live();
		session.delete('of-bob-1234');
		await pass(10);
		expect(texts(there.all())).toEqual(['of bob']);
		expect(heard('delete')).toEqual([]);
	});

	test('M7: deleting without a line happens when there is one', async () => {
		const { session } = await live();
		session.send('oh no', 'oh-no-oh-no');
		await pass(10);
		there.down = true;
		there.restart();
		session.delete('oh-no-oh-no');
		await pass(1_000);
		expect(texts(there.all())).toEqual(['oh no']);
		there.down = false;
		await pass(10_000);
		expect(texts(there.all())).toEqual(['deleted']);
		expect(session.isDeleting('oh-no-oh-no')).toBe(false);
	});

	test('M7, C3: what was to be deleted without a line is deleted by a later page, and only once', async () => {
		const { session } = await live();
		session.send('oh no', 'oh-no-oh-no');
		await pass(10);
		there.down = true;
		there.restart();
		session.delete('oh-no-oh-no');
		await pass(100);
		session.close();
		expect(texts(there.all())).toEqual(['oh no']);

		const again = tab();
		again.session.open();
		await pass(100);
		expect(again.session.isDeleting('oh-no-oh-no')).toBe(true);
		there.down = false;
		again.place.window.dispatchEvent(new Event('online'));
		await pass(100);
		expect(texts(there.all())).toEqual(['deleted']);
		expect(again.session.isDeleting('oh-no-oh-no')).toBe(false);
		expect(heard('delete')).toHaveLength(1);
		expect(await new Outbox(ana, room).deletions()).toEqual([]);
	});

	test('M7, C3: so it is by another tab, also when it is older than what that shows', async () => {
		there.say(ana, 'oh no', 'oh-no-oh-no');
		const { session } = await live();
		for (let n = 0; n < 3; n++) there.say(bob, `later ${n}`);
		const other = tab(ana, { history: there.history(2) });
		there.down = true;
		there.restart();
		session.delete('oh-no-oh-no');
		await pass(100);
		session.close();
		there.down = false;
		other.session.open();
		await pass(100);
		expect(texts(there.all())).toEqual(['deleted', 'later 0', 'later 1', 'later 2']);
		expect(texts(other.session.messages)).toEqual(['later 1', 'later 2']);
		expect(await new Outbox(ana, room).deletions()).toEqual([]);
	});

	test('M7: what the room does not delete is not asked for again', async () => {
		there.say(ana, 'oh no', 'oh-no-oh-no');
		const { session } = await live();
		there.refuses = ({ type }) => (type === 'delete' ? 'unknown_message' : null);
		session.delete('oh-no-oh-no');
		await pass(100);
		expect(session.isDeleting('oh-no-oh-no')).toBe(false);
		expect(await new Outbox(ana, room).deletions()).toEqual([]);
	});

	test('M7, D4: what somebody wanted deleted who is suspended waits until that is lifted', async () => {
		there.say(ana, 'oh no', 'oh-no-oh-no');
		const { session } = await live();
		there.hears = ({ type }) => type !== 'delete';
		session.delete('oh-no-oh-no');
		await pass(10);
		there.closeAll('suspended');
		await pass(10);
		expect(session.closedFor).toBe('suspended');
		session.close();
		there.hears = () => true;
		await live();
		expect(texts(there.all())).toEqual(['deleted']);
	});

	test('M7, D4: what waits to be deleted when the friendship ends is deleted another way', async () => {
		there.say(ana, 'oh no', 'oh-no-oh-no');
		const remove = async (id: string) => {
			if (there.down) return null;
			there.act(ana, { type: 'delete', id });
			return there.all()[0]!;
		};
		const { session } = await live(ana, { remove });
		there.down = true;
		there.restart();
		session.delete('oh-no-oh-no');
		await pass(100);
		session.close();
		expect(await new Outbox(ana, room).deletions()).toEqual(['oh-no-oh-no']);
		there.down = false;
		there.setOpen(false);
		const again = tab(ana, { open: false, remove });
		again.session.open();
		await pass(10);
		expect(texts(again.session.messages)).toEqual(['deleted']);
		expect(await new Outbox(ana, room).deletions()).toEqual([]);
	});

	test('M7, D4: a former friend deletes another way', async () => {
		there.say(ana, 'oh no', 'oh-no-oh-no');
		there.setOpen(false);
		const { session } = tab(ana, {
			open: false,
			remove: async (id) => {
				there.act(ana, { type: 'delete', id });
				return there.all()[0]!;
			},
		});
		session.open();
		session.delete('oh-no-oh-no');
		await pass(10);
		expect(texts(session.messages)).toEqual(['deleted']);
	});

	test('R2: read is sent only for what was shown on a page that is looked at', async () => {
		const { session, place } = await live();
		place.show('visible', false);
		there.say(bob, 'one');
		await pass(1_000);
		session.seen(1);
		await pass(1_000);
		expect(heard('mark')).toEqual([{ type: 'mark', delivered: 1 }]);
		expect(session.unread).toBe(1);

		place.show('visible', true);
		await pass(1_000);
		expect(heard('mark')).toEqual([
			{ type: 'mark', delivered: 1 },
			{ type: 'mark', read: 1 },
		]);
		expect([session.unread, session.myMarks.read]).toEqual([0, 1]);
	});

	test('R1: marks that a line took with it are sent again on the next', async () => {
		const { session } = await live();
		there.say(bob, 'one');
		session.seen(1);
		there.hears = (frame) => frame.type !== 'mark';
		await pass(1_000);
		expect(session.unread).toBe(1);
		there.hears = () => true;
		there.restart();
		await pass(2_000);
		expect(session.unread).toBe(0);
	});

	test('R2: the other tabs of a person learn what was read', async () => {
		const [one, other] = [await live(), await live()];
		other.place.show('hidden');
		there.say(bob, 'one');
		await pass(10);
		expect(other.session.unread).toBe(1);
		one.session.seen(1);
		await pass(1_000);
		expect(other.session.unread).toBe(0);
	});

	test('R1: marks are sent together, not for messages of mine, and not again', async () => {
		const { session } = await live();
		session.send('mine');
		session.seen(1);
		await pass(1_000);
		expect(heard('mark')).toEqual([]);
		for (let n = 0; n < 5; n++) {
			there.say(bob, `number ${n}`);
			session.seen(2 + n);
			await pass(20);
		}
		await pass(1_000);
		expect(heard('mark')).toEqual([{ type: 'mark', read: 6 }]);
		there.restart();
		await pass(2_000);
		expect(heard('mark')).toHaveLength(1);
	});
});

describe('the door', () => {
	test('D4: when the friendship ends, what waits fails and nothing more can be said', async () => {
		const { session, place } = await live();
		there.hears = (frame) => frame.type !== 'send';
		session.send('too late');
		await pass(10);
		there.setOpen(false);
		await pass(60_000);
		expect([session.line, session.closedFor, place.sockets.length]).toEqual([
			'closed',
			'friendship_ended',
			1,
		]);
		expect(session.pending.map(({ state, reason }) => [state, reason])).toEqual([['failed', 'ended']]);
		expect(session.send('hello?')).toEqual({ ok: false, code: 'ended' });
		expect((await kept())?.map(({ state }) => state)).toEqual(['failed']);
		expect(session.discard(session.pending[0]!.id)).toBe('too late');
	});

	test('C3, D4: logged out elsewhere, what is said is kept for after logging in', async () => {
		const { session, place } = await live();
		place.standing = { status: 401 };
		there.closeAll('session_revoked');
		expect(session.send('before I go')).toMatchObject({ ok: true });
		await pass(100);
		expect([session.line, session.closedFor, place.wentToLogin]).toEqual(['closed', 'session_revoked', 1]);
		session.close();
		await live();
		await pass(10);
		expect(texts(there.all())).toEqual(['before I go']);
	});

	test('a page that is left and come back to goes on', async () => {
		const { session } = await live();
		session.close();
		expect([session.line, session.closedFor]).toEqual(['closed', null]);
		there.say(bob, 'meanwhile');
		session.open();
		expect(session.line).toBe('connecting');
		await pass(10);
		expect([session.line, texts(session.messages)]).toEqual(['live', ['meanwhile']]);
	});
});

describe('a draft', () => {
	test('is there again when the page is, and gone when it was said', async () => {
		const first = await live();
		first.session.draft = 'half a thou';
		first.session.draft = 'half a thought';
		first.session.close();

		const { session } = await live();
		expect(session.draft).toBe('half a thought');
		session.send(session.draft);
		expect(session.draft).toBe('');
		await pass(10);
		expect([...storage.values()]).toEqual([]);
		expect(texts(there.all())).toEqual(['half a thought']);
	});

	test('is on disk until the outbox has the message', async () => {
		const { session } = await live();
		session.draft = 'precious';
		session.send('precious');
		session.draft = '';
		expect([...storage.values()]).toEqual(['precious']);
		await pass(10);
		expect([...storage.values()]).toEqual([]);
	});

	test('is not destroyed by what was typed before the page was live', async () => {
		const first = await live();
		first.session.draft = 'an old thought';
		first.session.close();
		const { session } = tab();
		session.draft = 'quick';
		session.open();
		expect(session.draft).toBe('an old thought\nquick');
		expect([...storage.values()]).toEqual(['an old thought\nquick']);
	});

	test('belongs to a person and a room', async () => {
		const first = await live();
		first.session.draft = 'of ana';
		first.session.close();
		const { session } = await live(bob);
		expect(session.draft).toBe('');
	});

	test('works where nothing can be kept', async () => {
		vi.stubGlobal('localStorage', undefined);
		const { session } = await live();
		session.draft = 'fleeting';
		expect(session.draft).toBe('fleeting');
	});
});
