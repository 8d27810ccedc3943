import { describe, expect, it } from 'vitest';
import { matches, parseRange, stillTheSame } from './range.ts';

describe('Range', () => {
	it.each([
		['bytes=0-9', { start: 0, end: 9 }],
		['bytes=0-', { start: 0, end: 99 }],
		['bytes=90-200', { start: 90, end: 99 }],
		['bytes=-10', { start: 90, end: 99 }],
		['bytes=-200', { start: 0, end: 99 }],
		['BYTES=99-99', { start: 99, end: 99 }],
		['bytes=100-', 'unsatisfiable'],
		['bytes=200-300', 'unsatisfiable'],
		['bytes=-0', 'unsatisfiable'],
		['bytes=5-2', null],
		['bytes=0-1,4-5', null],
		['bytes=', null],
		['bytes=-', null],
		['bytes=a-b', null],
		['items=0-1', null],
		['', null],
		[null, null],
	])('%s of 100 bytes', (header, expected) => {
		expect(parseRange(header, 100)).toEqual(expected);
	});

	it('nothing of an empty file can be had', () => {
		expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
		expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
	});
});

describe('versions', () => {
	it('If-None-Match names this version among others, weakly, or any', () => {
		expect(matches('"a"', '"a"')).toBe(true);
		expect(matches('"b", W/"a"', '"a"')).toBe(true);
		expect(matches('*', '"a"')).toBe(true);
		expect(matches('"b"', '"a"')).toBe(false);
		expect(matches(null, '"a"')).toBe(false);
	});

	it('If-Range holds for the same tag or date, never for a weak tag', () => {
		const at = new Date('2026-11-22T12:00:00.500Z');
		expect(stillTheSame(null, '"a"', at)).toBe(true);
		expect(stillTheSame('"a"', '"a"', at)).toBe(true);
		expect(stillTheSame('"b"', '"a"', at)).toBe(false);
		expect(stillTheSame('W/"a"', '"a"', at)).toBe(false);
		expect(stillTheSame('Sun, 22 Nov 2026 12:00:00 GMT', '"a"', at)).toBe(true);
		expect(stillTheSame('Sun, 22 Nov 2026 11:00:00 GMT', '"a"', at)).toBe(false);
	});
});
