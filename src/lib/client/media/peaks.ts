import { PEAK_MAX, PEAKS } from '#lib/chat/media.ts';

/** Below this, a recording is silence, and is drawn as such instead of being blown up. */
const SILENCE = 0.02;

/**
 * The bars of a voice message: the loudest of each stretch, relative to the loudest of all.
 * @param levels loudness over time, each from 0 to 1, at even distances
 * @returns PEAKS whole numbers from 0 to PEAK_MAX
 */
export function toPeaks(levels: readonly number[]): number[] {
	const loudest = levels.reduce((max, level) => Math.max(max, level), 0);
	return Array.from({ length: PEAKS }, (_, bar) => {
		if (loudest < SILENCE) return 0;
		const from = Math.floor((bar * levels.length) / PEAKS);
		const to = Math.max(from + 1, Math.floor(((bar + 1) * levels.length) / PEAKS));
		let peak = 0;
		for (let i = from; i < to; i++) peak = Math.max(peak, levels[i] ?? 0);
		// Loudness is heard by its logarithm: a root lifts what is quiet without drowning the rest.
		return Math.round(PEAK_MAX * Math.sqrt(peak / loudest));
	});
}
