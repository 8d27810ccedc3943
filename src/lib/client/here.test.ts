import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HERE_LINGERS } from '#lib/chat/limits.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { Here } from './here.svelte.ts';
import { ana, bob, Place } from './testing.ts';

let place: Place;
let said: ClientFrame[];
let hear: (frame: ServerFrame) => void;
let here: Here;
let end: () => void;

beforeEach(() => {
	vi.useFakeTimers();
	place = new Place();
	said = [];
	hear = () => {};
	const session = {
		say: (frame: ClientFrame) => said.push(frame) > 0,
		listen: (listener: typeof hear) => ((hear = listener), () => (hear = () => {})),
	};
	here = new Here(session, bob, place);
	end = here.open();
});
afterEach(() => {
	end();
	vi.useRealTimers();
});

const people = (...of: string[]) => hear({ type: 'here', people: of });

test('P4: says whether the page is looked at on every new line, and then when that changes', () => {
	place.show('visible');
	vi.advanceTimersByTime(1_000);
	expect(said).toEqual([]);
	here.line(true);
	place.show('hidden');
	vi.advanceTimersByTime(1_000);
	place.show('visible', false);
	vi.advanceTimersByTime(1_000);
	place.show('visible');
	vi.advanceTimersByTime(1_000);
	here.line(false);
	here.line(true);
	expect(said.map((frame) => frame.type === 'here' && frame.here)).toEqual([true, false, true, true]);
});

test('P4: a glance elsewhere is not told', () => {
	here.line(true);
	place.show('visible', false);
	vi.advanceTimersByTime(100);
	place.show('visible');
	vi.advanceTimersByTime(1_000);
	expect(said).toHaveLength(1);
});

test('P4: the friend is here at once, and gone only when they do not come back', () => {
	here.line(true);
	people(ana);
	expect(here.theirs).toBe(false);
	people(ana, bob);
	expect(here.theirs).toBe(true);
	people(ana);
	vi.advanceTimersByTime(HERE_LINGERS - 1);
	people(ana, bob);
	vi.advanceTimersByTime(HERE_LINGERS);
	expect(here.theirs).toBe(true);
	here.line(false);
	vi.advanceTimersByTime(HERE_LINGERS);
	expect(here.theirs).toBe(false);
});
