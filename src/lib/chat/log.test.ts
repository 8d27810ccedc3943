import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
	addPending,
	apply,
	discard,
	fail,
	forgetOlder,
	fromHistory,
	hasHole,
	hasOlder,
	hello,
	keyOf,
	older,
	retry,
	stateOf,
	unread,
	type Log,
} from './log.ts';
import type { Marks, Message, Pending } from './message.ts';
import type { ClientFrame, ServerFrame } from './protocol.ts';
import type { History } from './rpc.ts';

const ana = 'ana00000';
const bob = 'bob00000';
const room = `${ana}_${bob}`;

const said = (seq: number, from = bob, id = `message-${seq}`): Message => ({
	seq,
	id,
	from,
	at: seq * 1000,
	revision: 0,
	body: { kind: 'text', text: `text of ${id}` },
});
const deleted = (message: Message, revision: number): Message => ({
	...message,
	revision,
	body: { kind: 'deleted' },
});
const saying = (id: string): Pending => ({
	id,
	from: ana,
	at: 1,
	body: { kind: 'text', text: `text of ${id}` },
	state: 'sending',
});
const history = (messages: Message[], revision = 0, marks: Marks[] = []): History => ({
	messages,
	more: false,
	last: messages.at(-1)?.seq ?? 0,
	revision,
	marks,
});
const arrives = (message: Message): ServerFrame => ({ type: 'message', message });
const changes = (message: Message): ServerFrame => ({ type: 'changed', message, revision: message.revision });
const marksOf = (person: string, delivered: number, read: number, revision: number): ServerFrame => ({
	type: 'marks',
	person,
	delivered,
	read,
	revision,
});
const synced = (
	frame: Partial<Extract<ServerFrame, { type: 'sync' }>> & { last: number; revision: number },
): ServerFrame => ({
	type: 'sync',
	you: ana,
	now: 0,
	reset: false,
	messages: [],
	changed: [],
	marks: [],
	more: false,
	...frame,
});
const numbers = (log: Log) => log.messages.map(({ seq }) => seq);

describe('the log of a room', () => {
	test('M2: messages are in the order of their numbers, once each, however often they come', () => {
		let log = fromHistory(room, ana, history([said(1), said(2)]));
		for (const seq of [3, 2, 3, 4, 1, 4]) log = apply(log, arrives(said(seq)));
		expect(numbers(log)).toEqual([1, 2, 3, 4]);
	});

	test('M5: what comes behind a hole is held back until the hole is filled', () => {
		let log = fromHistory(room, ana, history([said(1)]));
		log = apply(log, arrives(said(4)));
		log = apply(log, arrives(said(3)));
		expect(numbers(log)).toEqual([1]);
		expect(hasHole(log)).toBe(true);
		expect(hello(log)).toEqual({ type: 'hello', last: 1, revision: 0 });

		log = apply(log, arrives(said(2)));
		expect(numbers(log)).toEqual([1, 2, 3, 4]);
		expect(hasHole(log)).toBe(false);
	});

	test('M6: my message is acknowledged by its id, and keeps its key on the screen', () => {
		let log = addPending(fromHistory(room, ana, history([said(1)])), saying('first-one'));
		log = addPending(log, saying('second-one'));
		const key = keyOf(log.pending[0]!);
		log = apply(log, arrives(said(2, ana, 'first-one')));
		expect(log.pending.map(({ id }) => id)).toEqual(['second-one']);
		expect(keyOf(log.messages.at(-1)!)).toBe(key);
	});

	test('M6: the friend using my id neither acknowledges my message nor takes its key', () => {
		let log = addPending(fromHistory(room, ana, history([])), saying('the-same-id'));
		log = apply(log, arrives(said(1, bob, 'the-same-id')));
		expect(log.pending).toHaveLength(1);
		expect(keyOf(log.pending[0]!)).not.toBe(keyOf(log.messages[0]!));
	});

	test('M6: my message behind a hole goes on waiting until it can be shown in its place', () => {
		let log = addPending(fromHistory(room, ana, history([said(1)])), saying('mine-mine'));
		log = apply(log, arrives(said(3, ana, 'mine-mine')));
		expect(log.pending).toHaveLength(1);
		log = apply(log, synced({ messages: [said(2), said(3, ana, 'mine-mine')], last: 3, revision: 0 }));
		expect(log.pending).toEqual([]);
		expect(numbers(log)).toEqual([1, 2, 3]);
	});

	test('M1: an acknowledgement from before the known history is one all the same', () => {
		let log = addPending(fromHistory(room, ana, history([said(7), said(8)])), saying('long-ago'));
		log = apply(log, arrives(said(2, ana, 'long-ago')));
		expect(log.pending).toEqual([]);
		expect(numbers(log)).toEqual([7, 8]);
	});

	test('M6: what the log has already is not added as waiting', () => {
		const log = fromHistory(room, ana, history([said(1, ana, 'mine-mine')]));
		expect(addPending(log, saying('mine-mine'))).toBe(log);
		const waiting = addPending(log, saying('another-1'));
		expect(addPending(waiting, saying('another-1'))).toBe(waiting);
	});

	test('M6: a failure says why, may be tried again behind the others, or given up', () => {
		let log = fromHistory(room, ana, history([]));
		for (const id of ['first-one', 'second-one']) log = addPending(log, saying(id));
		log = fail(log, 'first-one', 'too_long');
		expect(log.pending[0]).toMatchObject({ state: 'failed', reason: 'too_long' });
		expect(fail(log, 'first-one', 'too_long')).toBe(log);

		log = retry(log, 'first-one');
		expect(log.pending.map(({ id, state, reason }) => [id, state, reason])).toEqual([
			['second-one', 'sending', undefined],
			['first-one', 'sending', undefined],
		]);
		expect(retry(log, 'first-one')).toBe(log);
		expect(discard(log, 'first-one').pending.map(({ id }) => id)).toEqual(['second-one']);
		expect(discard(log, 'nobody-has-it')).toBe(log);
	});

	test('M6, R1: the state of my message follows the marks of the friend, and never goes back', () => {
		let log = addPending(fromHistory(room, ana, history([])), saying('mine-mine'));
		const states = [stateOf(log, log.pending[0]!)];
		log = apply(log, arrives(said(1, ana, 'mine-mine')));
		for (const frame of [
			arrives(said(1, ana, 'mine-mine')),
			marksOf(bob, 1, 0, 1),
			marksOf(bob, 1, 1, 2),
			marksOf(bob, 1, 0, 1),
		]) {
			log = apply(log, frame);
			states.push(stateOf(log, log.messages[0]!));
		}
		expect(states).toEqual(['sending', 'sent', 'delivered', 'seen', 'seen']);
		log = apply(log, arrives(said(2)));
		expect(stateOf(log, log.messages[1]!)).toBeNull();
	});

	test('M4: a change moves the cursor when it is the next one, and is otherwise remembered as missing something', () => {
		let log = fromHistory(room, ana, history([said(1), said(2), said(3)]));
		log = apply(log, changes(deleted(said(3), 2)));
		expect(log.messages[2]!.body.kind).toBe('deleted');
		expect([log.revision, hasHole(log)]).toEqual([0, true]);
		log = apply(log, changes(deleted(said(1), 1)));
		expect([log.revision, hasHole(log)]).toEqual([2, false]);
		expect(apply(log, changes(deleted(said(1), 1)))).toBe(log);
	});

	test('M7: a tombstone is never undone by an older copy of the message', () => {
		let log = fromHistory(room, ana, history([said(1), said(2)]));
		log = apply(log, changes(deleted(said(2), 1)));
		log = apply(log, arrives(said(2)));
		expect(log.messages[1]!.body).toEqual({ kind: 'deleted' });
	});

	test('M4, M7: a tombstone that comes before its message stands in its place', () => {
		let log = fromHistory(room, ana, history([said(1)]));
		log = apply(log, changes(deleted(said(3), 1)));
		log = apply(log, arrives(said(3)));
		log = apply(log, arrives(said(2)));
		expect(log.messages[2]!.body).toEqual({ kind: 'deleted' });
	});

	test('M4: a page read before a change and arriving after it does not undo it', () => {
		let log = fromHistory(room, ana, history([said(3)]));
		log = apply(log, changes(deleted(said(1), 1)));
		log = older(log, [said(1), said(2)]);
		expect(numbers(log)).toEqual([1, 2, 3]);
		expect(log.messages[0]!.body).toEqual({ kind: 'deleted' });
	});

	test('a page that does not end where the run begins changes nothing', () => {
		const log = fromHistory(room, ana, history([said(5), said(6)]));
		expect(older(log, [said(2), said(3)])).toBe(log);
		expect(older(log, [])).toBe(log);
		expect(numbers(older(log, [said(4), said(5)]))).toEqual([4, 5, 6]);
	});

	test('hasOlder is known from the first number alone', () => {
		expect(hasOlder(fromHistory(room, ana, history([])))).toBe(false);
		expect(hasOlder(fromHistory(room, ana, history([said(1), said(2)])))).toBe(false);
		expect(hasOlder(fromHistory(room, ana, history([said(2)])))).toBe(true);
	});

	test('the oldest may be let go and paged in again', () => {
		let log = fromHistory(room, ana, history([said(1), said(2), said(3), said(4)]));
		log = forgetOlder(log, 2);
		expect([numbers(log), log.last, hasOlder(log)]).toEqual([[3, 4], 4, true]);
		expect(forgetOlder(log, 2)).toBe(log);
		log = apply(log, arrives(said(5)));
		log = older(log, [said(1), said(2)]);
		expect(numbers(log)).toEqual([1, 2, 3, 4, 5]);
		expect(numbers(older(forgetOlder(log, 0), [said(5)]))).toEqual([5]);
	});

	test('M4: too far behind, the newest page replaces what was known', () => {
		let log = fromHistory(room, ana, history([said(1), said(2)]));
		log = apply(log, arrives(said(500)));
		for (const id of ['mine-mine', 'not-there']) log = addPending(log, saying(id));
		const messages = [said(900), said(901, ana, 'mine-mine')];
		log = apply(log, synced({ reset: true, messages, last: 901, revision: 40 }));
		expect([numbers(log), log.revision, hasHole(log)]).toEqual([[900, 901], 40, false]);
		expect(log.pending.map(({ id }) => id)).toEqual(['not-there']);
	});

	test('M4: a room that was restored from a backup is right, even where it has less', () => {
		const marks = [{ person: bob, delivered: 3, read: 3, revision: 9 }];
		let log = fromHistory(room, ana, history([said(1), said(2), said(3)], 9, marks));
		const older = [{ person: bob, delivered: 1, read: 1, revision: 2 }];
		log = apply(log, synced({ reset: true, messages: [said(1)], marks: older, last: 1, revision: 2 }));
		expect([numbers(log), log.last, log.revision, log.marks.friends]).toEqual([[1], 1, 2, older[0]]);
	});

	test('M4: one held back is asked for again when an answer does not reach it, since it may have changed meanwhile', () => {
		let log = fromHistory(room, ana, history([said(1)]));
		log = apply(log, arrives(said(4)));
		// 4 was deleted by change 1, which was lost; this answer tells of changes up to 2 in messages up to 3.
		log = apply(log, synced({ messages: [said(2), said(3)], last: 3, revision: 2, more: true }));
		expect(hello(log)).toEqual({ type: 'hello', last: 3, revision: 2 });
		log = apply(log, synced({ messages: [deleted(said(4), 1)], last: 4, revision: 2 }));
		expect(log.messages[3]!.body).toEqual({ kind: 'deleted' });
	});

	test('M6: a page that has my waiting message acknowledges it', () => {
		let log = addPending(fromHistory(room, ana, history([said(3)])), saying('mine-mine'));
		log = older(log, [said(1), said(2, ana, 'mine-mine')]);
		expect(log.pending).toEqual([]);
	});

	test('R3: unread are the friend’s messages after my mark, without deleted ones', () => {
		const marks = [{ person: ana, delivered: 2, read: 1, revision: 1 }];
		let log = fromHistory(room, ana, history([said(1), said(2), said(3, ana), said(4)], 1, marks));
		expect(unread(log)).toBe(2);
		log = apply(log, changes(deleted(said(2), 2)));
		expect(unread(log)).toBe(1);
		log = apply(log, marksOf(ana, 4, 4, 3));
		expect(unread(log)).toBe(0);
	});

	test('a frame that brings nothing new returns the very same log', () => {
		const marks = [{ person: bob, delivered: 2, read: 1, revision: 5 }];
		const log = fromHistory(room, ana, history([said(1), said(2)], 5, marks));
		for (const frame of [
			arrives(said(2)),
			changes(deleted(said(2), 0)),
			marksOf(bob, 2, 1, 5),
			synced({ last: 2, revision: 5 }),
			{ type: 'page', before: 1, messages: [], more: false },
			{ type: 'refused', code: 'malformed' },
		] satisfies ServerFrame[])
			expect(apply(log, frame)).toBe(log);
	});
});

/** The rules of a room at their plainest, to test clients against: no limits but small pages, no clock. */
class PlainRoom {
	messages: Message[] = [];
	revision = 0;
	marks = new Map<string, Marks>();
	#heard: (frame: ServerFrame) => void;

	constructor(heard: (frame: ServerFrame) => void) {
		this.#heard = heard;
	}

	/** Obeys a frame; answers go to its speaker, what is new to everybody. */
	obey(person: string, frame: ClientFrame): ServerFrame[] {
		switch (frame.type) {
			case 'send': {
				const known = this.messages.find(({ from, id }) => from === person && id === frame.id);
				if (known) return [{ type: 'message', message: known }];
				const seq = this.messages.length + 1;
				const message = { seq, id: frame.id, from: person, at: seq, revision: 0, body: frame.body };
				this.messages.push(message);
				this.#heard({ type: 'message', message });
				return [];
			}
			case 'delete': {
				const at = this.messages.findIndex(({ from, id }) => from === person && id === frame.id);
				const known = this.messages[at];
				if (!known) return [{ type: 'refused', code: 'unknown_message', id: frame.id }];
				if (known.body.kind === 'deleted')
					return [{ type: 'changed', message: known, revision: known.revision }];
				const message = deleted(known, ++this.revision);
				this.messages[at] = message;
				this.#heard({ type: 'changed', message, revision: message.revision });
				return [];
			}
			case 'mark': {
				const known = this.marks.get(person) ?? { person, delivered: 0, read: 0, revision: 0 };
				const clamp = (seq = 0) => Math.min(seq, this.messages.length);
				const read = Math.max(known.read, clamp(frame.read));
				const delivered = Math.max(known.delivered, clamp(frame.delivered), read);
				if (read === known.read && delivered === known.delivered) return [{ type: 'marks', ...known }];
				const marks = { person, delivered, read, revision: ++this.revision };
				this.marks.set(person, marks);
				this.#heard({ type: 'marks', ...marks });
				return [];
			}
			case 'page': {
				const messages = this.messages.slice(Math.max(0, frame.before - 1 - 3), frame.before - 1);
				return [{ type: 'page', before: frame.before, messages, more: frame.before > 4 }];
			}
			case 'hello':
				return [this.#sync(frame)];
			default:
				return [];
		}
	}

	#sync({ last, revision }: { last: number; revision: number }): ServerFrame {
		const PAGE = 3;
		const newest = this.messages.length;
		if (newest - last > 12) {
			const messages = this.messages.slice(-4);
			const marks = [...this.marks.values()];
			return synced({ reset: true, messages, marks, last: newest, revision: this.revision });
		}
		const changes = [
			...this.messages.filter((one) => one.seq <= last && one.revision > revision),
			...[...this.marks.values()].filter((one) => one.revision > revision),
		].sort((a, b) => a.revision - b.revision);
		const some = changes.slice(0, PAGE);
		const messages = this.messages.slice(last, last + PAGE);
		const moreMessages = last + messages.length < newest;
		return synced({
			messages,
			changed: some.filter((one) => 'seq' in one),
			marks: some.filter((one) => 'person' in one),
			last: last + messages.length,
			revision: changes.length > some.length ? some.at(-1)!.revision : this.revision,
			more: changes.length > some.length || moreMessages,
		});
	}

	history(limit: number): History {
		const messages = this.messages.slice(-limit);
		return {
			messages,
			more: messages.length < this.messages.length,
			last: this.messages.length,
			revision: this.revision,
			marks: [...this.marks.values()],
		};
	}
}

/** A tab: its log and what is on its way to it. Frames of one connection come in order, but any of them may be lost. */
class Tab {
	log: Log;
	inbound: ServerFrame[] = [];
	readonly person: string;
	#room: PlainRoom;
	#furthest = new Map<string, number>();

	constructor(person: string, of: PlainRoom) {
		this.person = person;
		this.#room = of;
		this.log = fromHistory(room, person, of.history(3));
	}

	say(frame: ClientFrame) {
		this.inbound.push(...this.#room.obey(this.person, frame));
	}

	receive() {
		const frame = this.inbound.shift();
		if (!frame) return;
		this.become(apply(this.log, frame));
		if (frame.type === 'sync' && frame.more) this.say(hello(this.log));
	}

	become(log: Log) {
		expect(log.last).toBeGreaterThanOrEqual(this.log.last);
		expect(log.revision).toBeGreaterThanOrEqual(this.log.revision);
		this.log = log;
		if (log.messages.length) expect(log.messages.at(-1)!.seq).toBe(log.last);
		log.messages.forEach((one, at) => expect(one.seq).toBe(log.messages[0]!.seq + at));
		const keys = [...log.messages, ...log.pending].map(keyOf);
		expect(new Set(keys).size).toBe(keys.length);
		for (const message of [...log.messages, ...log.pending]) {
			const state = stateOf(log, message);
			if (!state) continue;
			const rank = ['sending', 'sent', 'delivered', 'seen'].indexOf(state);
			expect(rank).toBeGreaterThanOrEqual(this.#furthest.get(message.id) ?? 0);
			this.#furthest.set(message.id, rank);
		}
	}

	reconnect() {
		this.inbound = [];
		this.say(hello(this.log));
	}
}

type Step =
	| {
			do:
				| 'send'
				| 'send again'
				| 'delete'
				| 'receive'
				| 'lose'
				| 'reconnect'
				| 'page'
				| 'forget'
				| 'ask'
				| 'reload';
			tab: number;
			pick: number;
	  }
	| { do: 'mark'; tab: number; pick: number; read: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({
		do: fc.constantFrom(
			'send',
			'send',
			'send again',
			'delete',
			'receive',
			'receive',
			'receive',
			'lose',
			'reconnect',
			'page',
			'forget',
			'ask',
			'reload',
		),
		tab: fc.nat(2),
		pick: fc.nat(30),
	}) as fc.Arbitrary<Step>,
	fc.record({ do: fc.constant('mark'), tab: fc.nat(2), pick: fc.nat(30), read: fc.boolean() }),
);

describe('M4: state + changes = fresh state', () => {
	test('whatever two people in three tabs do, lose, delay and retry', () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 200, size: 'max' }), fc.boolean(), (steps, arriveFirst) => {
				const tabs: Tab[] = [];
				const plain = new PlainRoom((frame) => tabs.forEach((tab) => tab.inbound.push(frame)));
				const before = arriveFirst ? 0 : 8;
				for (let at = 1; at <= before; at++)
					plain.obey(at % 3 ? bob : ana, {
						type: 'send',
						id: `before-${at}`,
						body: { kind: 'text', text: 'hi' },
					});
				for (const person of [ana, ana, bob]) tabs.push(new Tab(person, plain));

				let made = 0;
				const send = (tab: Tab, { id, body }: Pending) => tab.say({ type: 'send', id, body });
				for (const step of steps) {
					const tab = tabs[step.tab]!;
					switch (step.do) {
						case 'send': {
							const pending = { ...saying(`made-by-${step.tab}-${++made}`), from: tab.person };
							tab.become(addPending(tab.log, pending));
							if (step.pick % 4) send(tab, pending); // else it was lost on the way
							break;
						}
						case 'send again': {
							const pending = tab.log.pending[step.pick % Math.max(1, tab.log.pending.length)];
							if (pending) send(tab, pending);
							break;
						}
						case 'delete': {
							const mine = tab.log.messages.filter(({ from }) => from === tab.person);
							const message = mine[step.pick % Math.max(1, mine.length)];
							if (message) tab.say({ type: 'delete', id: message.id });
							break;
						}
						case 'mark':
							tab.say({
								type: 'mark',
								delivered: step.pick + 1,
								...(step.read ? { read: Math.ceil(step.pick / 2) + 1 } : {}),
							});
							break;
						case 'receive':
							for (let at = step.pick % 6; at >= 0; at--) tab.receive();
							break;
						case 'lose':
							tab.inbound.splice(step.pick % Math.max(1, tab.inbound.length), 1);
							break;
						case 'reconnect':
							tab.reconnect();
							break;
						case 'page':
							if (hasOlder(tab.log) && tab.log.messages[0])
								tab.say({ type: 'page', before: tab.log.messages[0].seq });
							break;
						case 'forget':
							tab.become(forgetOlder(tab.log, step.pick));
							break;
						case 'ask':
							if (hasHole(tab.log)) tab.say(hello(tab.log));
							break;
						case 'reload': {
							// The outbox brings back what was not acknowledged.
							const { pending } = tab.log;
							const fresh = new Tab(tab.person, plain);
							for (const one of pending) fresh.become(addPending(fresh.log, one));
							tabs[step.tab] = fresh;
						}
					}
				}

				for (const tab of tabs) {
					tab.reconnect();
					while (tab.inbound.length) tab.receive();
					for (const pending of tab.log.pending) send(tab, pending);
				}
				for (const tab of tabs) {
					while (tab.inbound.length) tab.receive();
					const { log } = tab;
					expect(log.pending).toEqual([]);
					expect(hasHole(log)).toBe(false);
					expect(log.last).toBe(plain.messages.length);
					expect(log.revision).toBe(plain.revision);
					expect(log.messages).toEqual(plain.messages.slice(log.last - log.messages.length));
					for (const marks of [log.marks.mine, log.marks.friends])
						expect(marks).toEqual(
							plain.marks.get(marks.person) ?? { person: marks.person, delivered: 0, read: 0, revision: 0 },
						);
				}
			}),
			{ numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
		);
	}, 600_000);
});
