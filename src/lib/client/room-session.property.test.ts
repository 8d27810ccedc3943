import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { keyOf } from '#lib/chat/log.ts';
import type { Pending } from '#lib/chat/message.ts';
import { Outbox } from './outbox.ts';
import { RoomSession } from './room-session.svelte.ts';
import { ana, bob, emptyOutboxes, pass, room, TestRoom, type Place } from './testing.ts';

type Step =
	| { do: (typeof OF_A_TAB)[number]; tab: number; pick: number }
	| { do: (typeof OF_THE_ROOM)[number]; pick: number };

const OF_A_TAB = ['say', 'delete', 'retry', 'discard', 'look', 'older', 'forget', 'reload'] as const;
const OF_THE_ROOM = [
	...(['lose an answer', 'lose a frame', 'refuse', 'full'] as const),
	...(['cut', 'mend', 'restart', 'wait'] as const),
];

/** Some of them more often than others. */
const step: fc.Arbitrary<Step> = fc.oneof(
	fc.record({
		do: fc.constantFrom(...OF_A_TAB, 'say', 'say', 'say'),
		tab: fc.nat(2),
		pick: fc.nat(20),
	}) as fc.Arbitrary<Step>,
	fc.record({
		do: fc.constantFrom(...OF_THE_ROOM, 'mend', 'wait'),
		pick: fc.nat(20),
	}) as fc.Arbitrary<Step>,
);

const PEOPLE = [ana, ana, bob];

async function live(steps: Step[]) {
	const there = new TestRoom();
	const looseEnds: (() => void)[] = [];
	const open = (slot: number): { session: RoomSession; place: Place } => {
		const person = PEOPLE[slot]!;
		const place = there.place(person);
		const session = new RoomSession({ room, me: person, history: there.history(5) }, place);
		session.open();
		return { session, place };
	};
	const tabs = PEOPLE.map((_, slot) => open(slot));
	const said: string[][] = PEOPLE.map(() => []);
	/** Texts that went behind the others, and those that may be in the room or not. */
	const [retried, discarded] = [new Set<string>(), new Set<string>()];
	const deleted = new Set<string>();
	/** Which messages the room takes: the same whichever tab sends them, until their person wants them tried again. */
	const taken = new Map<string, boolean>();
	let refuseAfter = Infinity;
	there.refuses = (frame) => {
		if (frame.type !== 'send') return null;
		if (!taken.has(frame.id)) taken.set(frame.id, refuseAfter-- !== 0);
		return taken.get(frame.id) ? null : 'too_big';
	};
	const retry = (session: RoomSession, { id, body }: Pending) => {
		taken.set(id, true);
		session.retry(id);
		if (body.kind === 'text') retried.add(body.text);
	};
	looseEnds.push(() => tabs.forEach(({ session }) => session.close()));
	try {
		let made = 0;
		for (const step of steps) {
			const tab = 'tab' in step ? tabs[step.tab] : undefined;
			if (tab && 'tab' in step) {
				const { session, place } = tab;
				if (step.do === 'say') {
					const text = `${++made} from tab ${step.tab}`;
					expect(session.send(text)).toMatchObject({ ok: true });
					said[step.tab]!.push(text);
				} else if (step.do === 'delete') {
					const mine = session.messages.filter(({ from }) => from === session.me);
					const one = mine[step.pick % Math.max(1, mine.length)];
					if (!one) continue;
					session.delete(one.id);
					deleted.add(keyOf(one));
				} else if (step.do === 'retry' || step.do === 'discard') {
					const failed = session.pending.filter(({ state }) => state === 'failed');
					const one = failed[step.pick % Math.max(1, failed.length)];
					if (one && step.do === 'retry') retry(session, one);
					else if (one) discarded.add(session.discard(one.id));
				} else if (step.do === 'forget') {
					session.forgetOlder(1 + (step.pick % 5));
				} else if (step.do === 'look') {
					place.show(step.pick % 3 ? 'visible' : 'hidden');
					session.seen(session.messages.at(-1)?.seq ?? 0);
				} else if (step.do === 'older') void session.loadOlder();
				else if (step.do === 'reload') {
					await pass();
					session.close();
					tabs[step.tab] = open(step.tab);
				}
			}
			if (step.do === 'lose an answer') {
				let after = step.pick % 5;
				there.carries = () => after-- !== 0;
			} else if (step.do === 'lose a frame') {
				let after = step.pick % 5;
				there.hears = () => after-- !== 0;
			} else if (step.do === 'refuse') {
				refuseAfter = step.pick % 3;
			} else if (step.do === 'cut') {
				there.down = true;
				if (step.pick % 2) there.restart();
			} else if (step.do === 'mend') there.down = false;
			else if (step.do === 'restart') there.restart();
			else if (step.do === 'full') {
				there.bucket = step.pick % 4;
				setTimeout(() => (there.bucket = 1_000), 700);
			} else if (step.do === 'wait') await pass(step.pick * 200);
			if (step.pick % 3) await pass(step.pick);
			for (const { session } of tabs) {
				const keys = [...session.messages, ...session.pending].map(keyOf);
				expect(new Set(keys).size).toBe(keys.length);
			}
		}

		there.down = false;
		there.carries = there.hears = () => true;
		refuseAfter = Infinity;
		there.bucket = 10_000;
		for (const { place } of tabs) place.window.dispatchEvent(new Event('online'));
		await pass(60_000);
		// What was refused waits for its person.
		for (const { session } of tabs) {
			for (const one of session.pending) retry(session, one);
			await pass(1_000);
		}
		for (const { place } of tabs) place.show('visible');
		await pass(10);

		const all = there.all();
		const texts = all.map(({ body }) => (body.kind === 'text' ? body.text : null));
		expect(all.length).toBeLessThanOrEqual(said.flat().length);
		expect(all.length).toBeGreaterThanOrEqual(said.flat().length - discarded.size);
		expect(
			all
				.filter(({ body }) => body.kind === 'deleted')
				.map(keyOf)
				.sort(),
		).toEqual([...deleted].sort());
		for (const one of said) {
			const inOrder = one.filter((text) => !retried.has(text));
			const order = texts.filter((text) => text !== null && inOrder.includes(text));
			expect(order).toEqual(inOrder.filter((text) => order.includes(text)));
		}
		for (const { session } of tabs) {
			expect(session.line).toBe('live');
			expect(session.pending).toEqual([]);
			expect(session.messages).toEqual(all.slice(all.length - session.messages.length));
			expect([session.myMarks, session.friendMarks].filter(({ revision }) => revision > 0)).toEqual(
				there
					.history()
					.marks.filter(({ revision }) => revision > 0)
					.sort((a) => (a.person === session.me ? -1 : 1)),
			);
		}
		for (const person of [ana, bob]) {
			const outbox = new Outbox(person, room);
			expect([await outbox.all(), await outbox.deletions()]).toEqual([[], []]);
		}
	} finally {
		for (const end of looseEnds) end();
		await pass();
		await emptyOutboxes();
	}
}

/** A tab that waits too long for its own acknowledgement loses its turn, and must not overtake what it was to send before. */
const OVERTAKING: Step[] = [
	{ do: 'say', tab: 0, pick: 1 },
	{ do: 'restart', pick: 0 },
	{ do: 'lose a frame', pick: 1 },
	{ do: 'say', tab: 0, pick: 0 },
	{ do: 'say', tab: 0, pick: 0 },
	{ do: 'reload', tab: 0, pick: 0 },
	{ do: 'say', tab: 0, pick: 0 },
	{ do: 'lose an answer', pick: 1 },
];

test('M1, M2, M4, C2, C3: what three tabs say over bad lines is in the room once and in order, and every tab shows the same', async () => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
	try {
		await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), live), {
			numRuns: Number(process.env['FUZZ_RUNS'] ?? 100),
			examples: [[OVERTAKING]],
		});
	} finally {
		vi.useRealTimers();
	}
}, 600_000);
