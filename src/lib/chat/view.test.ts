import { describe, expect, it } from 'vitest';
import type { Message } from './message.ts';
import { down, drawn, DRAWN_MOST, newest, reachesDown, reachesUp, trim, up, type View } from './view.ts';

const known = (from: number, to: number): Message[] =>
	Array.from({ length: to - from + 1 }, (_, at) => ({
		seq: from + at,
		id: `message-${from + at}`,
		from: 'anaanaana',
		at: 0,
		revision: 0,
		body: { kind: 'text', text: 'x' },
	}));
const ends = (messages: readonly Message[], view: View) => {
	const shown = drawn(messages, view);
	return [shown[0]?.seq, shown.at(-1)?.seq];
};

describe('what is drawn', () => {
	it('begins with the newest page and goes with it', () => {
		const view = newest(known(1, 300));
		expect(ends(known(1, 300), view)).toEqual([251, 300]);
		expect(ends(known(1, 303), view)).toEqual([251, 303]);
		expect(reachesUp(known(1, 300), view)).toBe(true);
		expect(reachesDown(known(1, 300), view)).toBe(false);
	});

	it('is everything where there is little, and nothing where there is nothing', () => {
		expect(ends(known(1, 3), newest(known(1, 3)))).toEqual([1, 3]);
		expect(reachesUp(known(1, 3), newest(known(1, 3)))).toBe(false);
		expect(drawn([], newest([]))).toEqual([]);
		expect(ends(known(1, 1), newest([]))).toEqual([1, 1]);
	});

	it('never stays more than so much, reading up to the beginning and down to the end again', () => {
		const messages = known(1, 1_000);
		let view = newest(messages);
		for (let page = 0; page < 30; page++) {
			view = trim(messages, up(messages, view), 'top');
			expect(drawn(messages, view).length).toBeLessThanOrEqual(DRAWN_MOST);
		}
		expect(ends(messages, view)).toEqual([1, DRAWN_MOST]);
		expect(reachesDown(messages, view)).toBe(true);
		for (let page = 0; page < 30; page++) view = trim(messages, down(messages, view), 'bottom');
		expect(ends(messages, view)).toEqual([1_000 - DRAWN_MOST + 1, 1_000]);
		expect(view.to).toBeNull();
	});

	it('lets go of what came below while somebody reads above', () => {
		const messages = known(1, 500);
		const view = trim(messages, { from: 200, to: null }, 'top');
		expect(ends(messages, view)).toEqual([200, 399]);
		expect(down(messages, view)).toEqual({ from: 200, to: 449 });
	});

	it('is the newest page when the history was replaced', () => {
		const fresh = known(2_000, 2_049);
		expect(ends(fresh, { from: 100, to: 299 })).toEqual([2_000, 2_049]);
		expect(ends(fresh, { from: 100, to: null })).toEqual([2_000, 2_049]);
		expect(ends(known(1, 60), { from: 900, to: null })).toEqual([11, 60]);
	});
});
