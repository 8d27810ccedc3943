import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
	byActivity,
	newest,
	PREVIEW_MAX,
	previewOf,
	summary,
	summaryRevision,
	tellAt,
	TELL_EVERY,
	UNREAD_CAP,
	unreadLabel,
	type Summary,
	type Told,
} from './summary.ts';
import { lengthOf } from './message.ts';

const room = 'ana00000_bob00000';

describe('the preview of a message', () => {
	it('is one line', () => {
		expect(previewOf({ kind: 'text', text: 'first\n\n  second\tthird' })).toEqual({
			kind: 'text',
			text: 'first second third',
		});
	});

	it('is cut at its limit, between characters', () => {
		const family = '👨‍👩‍👧‍👦';
		const shown = previewOf({ kind: 'text', text: family.repeat(100) });
		expect(shown.kind === 'text' && shown.text).toBe(family.repeat(Math.floor(PREVIEW_MAX / 7)) + '…');
	});

	it('of any text is a whole, short one', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (text) => {
				const shown = previewOf({ kind: 'text', text });
				if (shown.kind !== 'text') throw new Error('not a text');
				expect(shown.text.isWellFormed()).toBe(true);
				expect(lengthOf(shown.text)).toBeLessThanOrEqual(PREVIEW_MAX + 1);
			}),
		);
	});

	it('M7: of a deleted message has nothing of its text', () => {
		expect(previewOf({ kind: 'deleted' })).toEqual({ kind: 'deleted' });
	});
});

it('a count is shown up to 999+', () => {
	expect([0, 1, 999, UNREAD_CAP, 5_000].map(unreadLabel)).toEqual(['', '1', '999', '999+', '999+']);
});

it('the list has the newest activity first, and equal moments in one order', () => {
	const row = (name: string, since: number, at?: number) => ({
		room: name,
		since,
		summary: at === undefined ? null : { ...empty, last: { ...last, at } },
	});
	const rows = [row('d', 5), row('a', 1, 9), row('c', 5), row('b', 7, 3)];
	expect(rows.toSorted(byActivity).map((r) => r.room)).toEqual(['a', 'b', 'c', 'd']);
});

const last = { seq: 1, from: 'bob00000', at: 1, preview: { kind: 'deleted' as const } };
const empty: Summary = { room, revision: 0, last: null, unread: 0, delivered: 0, read: 0 };

/** A room as far as one member's line goes: the messages of the friend, and the member's marks. */
class ModelRoom {
	readonly messages: { mine: boolean; deleted: boolean }[] = [];
	revision = 0;
	read = 0;
	delivered = 0;

	say(mine: boolean): void {
		this.messages.push({ mine, deleted: false });
	}
	remove(index: number): void {
		const message = this.messages[index % Math.max(1, this.messages.length)];
		if (!message || message.deleted) return;
		message.deleted = true;
		this.revision++;
	}
	mark(upTo: number): void {
		const read = Math.min(upTo, this.messages.length);
		if (read <= this.read) return;
		this.read = read;
		this.delivered = Math.max(this.delivered, read);
		this.revision++;
	}
	/** The line as it is, worked out anew. */
	line(): Summary {
		const newestSeq = this.messages.length;
		const newestMessage = this.messages.at(-1);
		return {
			room,
			revision: summaryRevision({ last: newestSeq, revision: this.revision }),
			last: newestMessage
				? {
						seq: newestSeq,
						from: newestMessage.mine ? 'ana00000' : 'bob00000',
						at: newestSeq,
						preview: newestMessage.deleted ? { kind: 'deleted' } : { kind: 'text', text: String(newestSeq) },
					}
				: null,
			unread: this.messages.filter((m, i) => i >= this.read && !m.mine && !m.deleted).length,
			delivered: this.delivered,
			read: this.read,
		};
	}
}

type Step =
	| { step: 'say'; mine: boolean }
	| { step: 'remove'; index: number }
	| { step: 'mark'; upTo: number }
	| { step: 'wait'; ms: number }
	/** What happens to the next call that is made, or to one that is under way. */
	| { step: 'call'; fate: 'arrives' | 'lost' | 'answer lost' | 'late' | 'doubled' }
	| { step: 'late call arrives'; which: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
	fc.oneof(
		fc.record({ step: fc.constant('say' as const), mine: fc.boolean() }),
		fc.record({ step: fc.constant('remove' as const), index: fc.nat(30) }),
		fc.record({ step: fc.constant('mark' as const), upTo: fc.nat(30) }),
		fc.record({ step: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90_000 }) }),
		fc.record({
			step: fc.constant('call' as const),
			fate: fc.constantFrom(
				'arrives' as const,
				'lost' as const,
				'answer lost' as const,
				'late' as const,
				'doubled' as const,
			),
		}),
		fc.record({ step: fc.constant('late call arrives' as const), which: fc.nat(10) }),
	),
	{ maxLength: 60 },
);

describe('R3: telling an Inbox the lines of a room', () => {
	it('never leaves a wrong number after the next alarm, whatever happens to the calls', () => {
		fc.assert(
			fc.property(steps, (story) => {
				const model = new ModelRoom();
				const late: Summary[] = [];
				let now = 1_000;
				let told: Told = { acknowledged: 0, at: 0, failures: 0 };
				let held: Summary | null = null;
				const arrive = (line: Summary) => (held = newest(held, line)).revision;
				/** One call, if one is due: exactly what a Room does by event or alarm. */
				const call = (fate: Extract<Step, { step: 'call' }>['fate']) => {
					const line = model.line();
					const at = tellAt(told, line.revision);
					if (at === null || at > now) return;
					told = { ...told, at: now, failures: told.failures + 1 };
					if (fate === 'lost') return;
					if (fate === 'late') return void late.push(line);
					const acknowledged = arrive(line);
					if (fate === 'doubled') late.push(line);
					if (fate === 'answer lost') return;
					told = { acknowledged, at: now, failures: 0 };
				};
				for (const step of story) {
					if (step.step === 'say') model.say(step.mine);
					if (step.step === 'remove') model.remove(step.index);
					if (step.step === 'mark') model.mark(step.upTo);
					if (step.step === 'wait') now += step.ms;
					if (step.step === 'call') call(step.fate);
					if (step.step === 'late call arrives') {
						const [line] = late.splice(step.which % Math.max(1, late.length), 1);
						if (line) arrive(line);
					}
				}
				// The line is good again: the next alarm, then all that was still under way.
				const line = model.line();
				const at = tellAt(told, line.revision);
				if (at !== null) {
					now = Math.max(now, at);
					call('arrives');
				}
				const right = (held ?? empty) as Summary;
				expect(right).toEqual({ ...line, revision: right.revision });
				for (const old of late.reverse()) arrive(old);
				expect((held ?? empty) as Summary).toEqual(right);
				expect(tellAt(told, line.revision)).toBeNull();
			}),
			{ numRuns: 2_000 },
		);
	});

	it('takes about two calls a second, however fast the messages come', () => {
		let told: Told = { acknowledged: 0, at: 0, failures: 0 };
		let calls = 0;
		for (let now = 10_000; now < 20_000; now += 5) {
			const revision = now; // a message every 5 ms
			const at = tellAt(told, revision);
			if (at !== null && at <= now) {
				calls++;
				told = { acknowledged: revision, at: now, failures: 0 };
			}
		}
		expect(calls).toBe(10_000 / TELL_EVERY);
	});

	it('goes on asking an Inbox that does not answer, ever more slowly', () => {
		let told: Told = { acknowledged: 0, at: 0, failures: 0 };
		const pauses: number[] = [];
		for (let i = 0; i < 10; i++) {
			const at = tellAt(told, 1) as number;
			pauses.push(at - told.at);
			told = { ...told, at, failures: told.failures + 1 };
		}
		expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
	});
});

it('a line that is no line is not taken', () => {
	const wrong: unknown[] = [
		{ ...empty, unread: UNREAD_CAP + 1 },
		{ ...empty, room: 'bob00000_ana00000' },
		{ ...empty, revision: -1 },
		{ ...empty, last: { ...last, preview: { kind: 'text' } } },
	];
	expect(v.is(summary, empty)).toBe(true);
	expect(wrong.map((row) => v.is(summary, row))).toEqual(wrong.map(() => false));
});
