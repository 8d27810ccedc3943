import { describe, expect, it } from 'vitest';
import type { Message, Pending } from './message.ts';
import { entryKey, lastMine, timeline, type Day } from './timeline.ts';

const ana = 'anaanaana';
const bob = 'bobbobbob';
const noon = Date.parse('2026-11-22T12:00:00Z');
const utcDay = (at: number) => new Date(at).toISOString().slice(0, 10);

let seq = 0;
const said = (from: string, after: number, text: string): Message => ({
	seq: ++seq,
	id: `message-${seq}`,
	from,
	at: noon + after,
	revision: 0,
	body: { kind: 'text', text },
});

const drawn = (messages: Message[], pending: Pending[] = []) =>
	timeline(messages, pending, ana, utcDay).map(({ key, groups }) => [
		key,
		groups.map(({ mine, entries }) => [
			mine ? 'ana' : 'bob',
			entries.map(({ body }) => (body.kind === 'text' ? body.text : body.kind)),
		]),
	]);

describe('the timeline', () => {
	it('groups by speaker and minute, under days', () => {
		expect(
			drawn([
				said(bob, -86_400_000, 'hi'),
				said(ana, 0, 'one'),
				said(ana, 20_000, 'two'),
				said(ana, 61_000, 'three'),
				said(bob, 61_500, 'four'),
			]),
		).toEqual([
			['2026-11-21', [['bob', ['hi']]]],
			[
				'2026-11-22',
				[
					['ana', ['one', 'two']],
					['ana', ['three']],
					['bob', ['four']],
				],
			],
		]);
	});

	it('M2 keeps the order it is given, whatever the clocks say', () => {
		expect(drawn([said(bob, 120_000, 'first'), said(ana, 0, 'second')])).toEqual([
			[
				'2026-11-22',
				[
					['bob', ['first']],
					['ana', ['second']],
				],
			],
		]);
	});

	it('M6 puts what is on its way last, under the key it will keep', () => {
		const pending: Pending = {
			id: 'message-x',
			from: ana,
			at: noon,
			body: { kind: 'text', text: 'new' },
			state: 'sending',
		};
		const before = timeline([], [pending], ana, utcDay);
		const after = timeline([{ ...said(ana, 0, 'new'), id: 'message-x' }], [], ana, utcDay);
		const entryIn = (days: Day[]) => days[0]?.groups[0]?.entries[0];
		expect(entryIn(before)).toMatchObject({ state: 'sending', seq: null });
		expect(entryIn(after)).toMatchObject({ state: 'sent', key: entryIn(before)?.key });
		expect(entryIn(before)?.key).toBe(entryKey(pending));
	});

	it('has every day once, whatever the clocks say', () => {
		const pending: Pending = {
			id: 'message-y',
			from: ana,
			at: noon - 86_400_000,
			body: { kind: 'text', text: 'from a device of yesterday' },
			state: 'sending',
		};
		expect(drawn([said(bob, 0, 'today')], [pending]).map(([day]) => day)).toEqual(['2026-11-22']);
	});

	it('begins a group where the new begins', () => {
		const messages = [said(bob, 0, 'read'), said(bob, 1, 'new'), said(bob, 2, 'new too')];
		const [day] = timeline(messages, [], ana, utcDay, messages[1]?.seq);
		expect(day?.groups.map(({ unread, entries }) => [unread, entries.length])).toEqual([
			[undefined, 1],
			[true, 2],
		]);
	});

	it('M6 knows the last thing I said that is still there', () => {
		const kept = said(ana, 0, 'kept');
		const gone: Message = { ...said(ana, 1, ''), body: { kind: 'deleted' } };
		expect(lastMine([said(bob, 0, 'hi'), kept, gone, said(bob, 2, 'hi')], ana)).toBe(kept);
		expect(lastMine([said(bob, 0, 'hi')], ana)).toBeUndefined();
	});
});
