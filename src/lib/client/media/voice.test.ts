import { describe, expect, it } from 'vitest';
import { PEAK_MAX, PEAKS } from '#lib/chat/media.ts';
import { join } from './drafts.ts';
import { VoiceEncoder } from './mp3.ts';
import { toPeaks } from './peaks.ts';

/** A tone of 300 Hz, in pieces as the microphone gives them. */
function* tone(rate: number, seconds: number): Generator<Float32Array> {
	for (let at = 0; at < rate * seconds; at += 4096) {
		const length = Math.min(4096, rate * seconds - at);
		yield Float32Array.from({ length }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 300 * (at + i)) / rate));
	}
}

function record(rate: number, seconds: number) {
	const encoder = new VoiceEncoder(rate);
	const parts = [...tone(rate, seconds)].map((piece) => encoder.encode(piece));
	parts.push(encoder.finish());
	const mp3 = Uint8Array.from(parts.flatMap((part) => [...part.mp3]));
	return { mp3, levels: parts.flatMap(({ levels }) => levels), duration: encoder.duration };
}

describe('recording', () => {
	it.each([
		[48_000, 64],
		[44_100, 64],
		[96_000, 64],
		[16_000, 32],
	])('at %d samples a second it is MP3 of a constant %d kbit/s, as long as what was said', (rate, kbps) => {
		const { mp3, duration } = record(rate, 2);
		expect([mp3[0], (mp3[1] ?? 0) & 0xe6]).toEqual([0xff, 0xe2]);
		expect(duration).toBeCloseTo(2000, 0);
		const seconds = (mp3.length * 8) / (kbps * 1000);
		expect(seconds).toBeGreaterThan(1.95);
		expect(seconds).toBeLessThan(2.2);
	});

	it('has twenty levels a second', () => {
		const { levels } = record(48_000, 1);
		expect(levels.length).toBeGreaterThanOrEqual(20);
		expect(levels.length).toBeLessThanOrEqual(21);
		expect(Math.max(...levels)).toBeCloseTo(0.5, 1);
	});

	it('is put together from its pieces, and is nothing when there are none', () => {
		const chunk = (n: number) => ({ mp3: Uint8Array.of(n), levels: [n / 10], duration: 500 });
		const recording = join('draft-0001', [chunk(1), chunk(2), chunk(3)]);
		expect(recording).toMatchObject({ id: 'draft-0001', duration: 1500 });
		expect(recording?.blob.size).toBe(3);
		expect(recording?.blob.type).toBe('audio/mpeg');
		expect(join('draft-0002', [])).toBeNull();
	});
});

describe('peaks', () => {
	it('are as many as there are bars, however long it is', () => {
		for (const length of [1, 3, 64, 65, 18_000]) {
			const peaks = toPeaks(Array.from({ length }, (_, i) => (i % 7) / 10));
			expect(peaks).toHaveLength(PEAKS);
			for (const peak of peaks) expect(peak >= 0 && peak <= PEAK_MAX && Number.isInteger(peak)).toBe(true);
		}
	});

	it('are relative to the loudest, and silence stays silence', () => {
		expect(Math.max(...toPeaks([0.05, 0.1]))).toBe(PEAK_MAX);
		expect(toPeaks([0.001, 0.01])).toEqual(Array.from({ length: PEAKS }, () => 0));
		expect(toPeaks([])).toEqual(Array.from({ length: PEAKS }, () => 0));
	});

	it('keep the one loud moment of a long message', () => {
		const levels = Array.from({ length: 10_000 }, (_, i) => (i === 5_000 ? 1 : 0.04));
		expect(Math.max(...toPeaks(levels))).toBe(PEAK_MAX);
	});
});
