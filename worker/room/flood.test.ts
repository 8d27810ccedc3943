import { expect, test } from 'vitest';
import { FLOOD_BURST, FLOOD_PATIENCE, FLOOD_REFILL } from '#lib/chat/limits.ts';
import { floodLimits, fullBucket, take } from './flood.ts';

const limits = { burst: 3, refill: 2 };

test('D5: a full bucket lets a burst through, then says how long to wait', () => {
	const bucket = fullBucket(limits, 1000);
	expect([1, 2, 3, 4].map(() => take(bucket, limits, 1000))).toEqual(['go', 'go', 'go', 500]);
	expect(take(bucket, limits, 1400)).toBe(100);
	expect(take(bucket, limits, 1500)).toBe('go');
	expect(take(bucket, limits, 1500)).toBe(500);
});

test('D5: it never holds more than a burst, and a clock that goes back takes nothing away', () => {
	const bucket = fullBucket(limits, 1000);
	expect([1, 2, 3, 4].map(() => take(bucket, limits, 9_999_999))).toEqual(['go', 'go', 'go', 500]);
	expect(take(bucket, limits, 1000)).toBe(500);
	expect(take(bucket, limits, 1500)).toBe('go');
});

test('D5: who goes on without waiting has had enough; who waits starts anew', () => {
	const bucket = fullBucket(limits, 0);
	for (let n = 0; n < 3; n++) take(bucket, limits, 0);
	for (let n = 0; n < FLOOD_PATIENCE; n++) expect(take(bucket, limits, 0)).toBe(500);
	expect(take(bucket, limits, 0)).toBe('enough');
	expect(take(bucket, limits, 500)).toBe('go');
	expect(take(bucket, limits, 500)).toBe(500);
});

test('D5: configuration sets both numbers, and nonsense there sets nothing', () => {
	expect(floodLimits({ FLOOD_BURST: '7', FLOOD_REFILL: '0.5' })).toEqual({ burst: 7, refill: 0.5 });
	for (const nonsense of [undefined, '', 'many', '-3', '0'])
		expect(floodLimits({ FLOOD_BURST: nonsense, FLOOD_REFILL: nonsense })).toEqual({
			burst: FLOOD_BURST,
			refill: FLOOD_REFILL,
		});
});
