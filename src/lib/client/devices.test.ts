import { expect, it } from 'vitest';
import { problemOf, stop } from './devices.ts';

it.each([
	['refused', new DOMException('', 'NotAllowedError')],
	['refused', new DOMException('', 'SecurityError')],
	['missing', new DOMException('', 'NotFoundError')],
	['missing', new DOMException('', 'OverconstrainedError')],
	['busy', new DOMException('', 'NotReadableError')],
	['busy', new DOMException('', 'AbortError')],
	['unsupported', new TypeError('navigator.mediaDevices is undefined')],
	['failed', new Error('something new')],
	['failed', 'something odd'],
])('a device is %s', (problem, error) => {
	expect(problemOf(error)).toBe(problem);
});

it('whoever lets go of a device hears nothing of its end', () => {
	const track = { onended: () => {}, onmute: () => {}, stopped: false, stop: () => (track.stopped = true) };
	stop({ getTracks: () => [track] } as unknown as MediaStream);
	expect(track).toMatchObject({ onended: null, onmute: null, stopped: true });
	expect(() => stop(null)).not.toThrow();
});
