import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TYPING_EVERY, TYPING_LASTS } from '#lib/chat/limits.ts';
import type { ClientFrame } from '#lib/chat/protocol.ts';
import { Typing } from './typing.svelte.ts';
import { ana, bob } from './testing.ts';

let said: ClientFrame[];
let up: boolean;
let typing: Typing;

beforeEach(() => {
	vi.useFakeTimers();
	said = [];
	up = true;
	typing = new Typing((frame) => up && said.push(frame) > 0);
});
afterEach(() => void vi.useRealTimers());

const hint = (what: 'text' | 'voice' | 'nothing') => ({ type: 'typing' as const, what });

test('P1: writing is said at most every three seconds, and its end at once', () => {
	for (let ms = 0; ms < 2 * TYPING_EVERY; ms += 100) {
		typing.does('text');
		vi.advanceTimersByTime(100);
	}
	expect(said).toEqual([hint('text'), hint('text')]);
	typing.does('nothing');
	typing.does('nothing');
	expect(said).toEqual([hint('text'), hint('text'), hint('nothing')]);
});

test('P1: a message ends it by itself, and what is written next is said at once', () => {
	typing.does('text');
	typing.sent();
	typing.does('nothing');
	typing.does('text');
	expect(said).toEqual([hint('text'), hint('text')]);
});

test('P1: what was written before there was a line is said when there is one', () => {
	up = false;
	typing.line(false);
	typing.does('text');
	vi.advanceTimersByTime(TYPING_LASTS - 1);
	up = true;
	typing.line(true);
	expect(said).toEqual([hint('text')]);
});

test('P1: what was written long before there was a line, sent, or taken back, is not said', () => {
	up = false;
	for (const end of [
		() => vi.advanceTimersByTime(TYPING_LASTS),
		() => typing.sent(),
		() => typing.does('nothing'),
	]) {
		typing.line(false);
		typing.does('text');
		end();
		up = true;
		typing.line(true);
		up = false;
	}
	expect(said).toEqual([]);
});

test('P1: a new line is told anew', () => {
	typing.does('voice');
	typing.line(false);
	typing.line(true);
	expect(said).toEqual([hint('voice'), hint('voice')]);
});

test('P1: what the friend does lasts six seconds, or until a message of theirs', () => {
	typing.hear({ type: 'typing', person: bob, what: 'voice' }, bob);
	expect(typing.theirs).toBe('voice');
	vi.advanceTimersByTime(TYPING_LASTS);
	expect(typing.theirs).toBe('nothing');
	typing.hear({ type: 'typing', person: bob, what: 'text' }, bob);
	typing.hear({ type: 'typing', person: ana, what: 'nothing' }, bob);
	expect(typing.theirs).toBe('text');
	const message = {
		seq: 1,
		id: 'message-1',
		from: bob,
		at: 1,
		revision: 0,
		body: { kind: 'text', text: 'hi' },
	} as const;
	typing.hear({ type: 'message', message }, bob);
	expect(typing.theirs).toBe('nothing');
});
