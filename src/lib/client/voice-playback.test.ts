import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Playback, type Playable } from './voice-playback.svelte.ts';

let playback: Playback;
/** What the sounds of the page did, in turn. */
let log: string[];
let kept: Map<string, string>;

const FOLLOWING = 4;
const PRECEDING = 2;

/** The sound that stands so far down in the conversation. */
function sound(place: number, unheard = false): Playable {
	const element = {
		place,
		play: async () => void log.push(`${place} plays`),
		pause: () => void log.push(`${place} rests`),
		compareDocumentPosition: (other: { place: number }) => (other.place > place ? FOLLOWING : PRECEDING),
	};
	return { element: element as unknown as HTMLMediaElement, unheard };
}

beforeEach(() => {
	log = [];
	kept = new Map();
	vi.stubGlobal('Node', { DOCUMENT_POSITION_FOLLOWING: FOLLOWING });
	vi.stubGlobal('localStorage', {
		getItem: (key: string) => kept.get(key) ?? null,
		setItem: (key: string, value: string) => void kept.set(key, value),
	});
	playback = new Playback();
});
afterEach(() => vi.unstubAllGlobals());

describe('playing', () => {
	it('one sound at a time, voice message or clip', () => {
		const [one, two, clip] = [sound(1), sound(2, true), sound(3)];
		for (const each of [one, two, clip]) playback.join(each);
		playback.began(two.element);
		expect(log).toEqual(['1 rests', '3 rests']);
	});

	it('goes on with the next below that nobody has heard, whatever order they came in', () => {
		const [above, played, heard, next, last] = [
			sound(1, true),
			sound(2),
			sound(3),
			sound(4, true),
			sound(5, true),
		];
		for (const each of [last, heard, above, next, played]) playback.join(each);
		playback.ended(played.element);
		expect(log).toEqual(['4 plays']);
	});

	it('ends with the last, and with what has left the page', () => {
		const [one, two] = [sound(1), sound(2, true)];
		playback.join(one);
		const leave = playback.join(two);
		playback.ended(two.element);
		leave();
		playback.ended(one.element);
		expect(log).toEqual([]);
	});
});

describe('speed', () => {
	it('goes from one to one and a half to two and back, and is remembered', () => {
		const speeds = [1, 2, 3].map(() => {
			playback.faster();
			return playback.speed;
		});
		expect(speeds).toEqual([1.5, 2, 1]);
		playback.faster();
		const next = new Playback();
		next.open();
		expect(next.speed).toBe(1.5);
	});

	it('is the usual one where nothing, or nonsense, was kept', () => {
		kept.set('kith voice speed', '7');
		playback.open();
		expect(playback.speed).toBe(1);
		vi.stubGlobal('localStorage', undefined);
		playback.open();
		playback.faster();
		expect(playback.speed).toBe(1.5);
	});
});
