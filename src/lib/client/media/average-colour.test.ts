import { thumbHashToAverageRGBA } from 'thumbhash';
import { expect, test } from 'vitest';
import { averageColour } from './average-colour.ts';

test('the colour is the one that the library reads', () => {
	for (let seed = 1; seed < 400; seed++) {
		const bytes = Uint8Array.from({ length: 24 }, (_, at) => (seed * 7919 * (at + 3) * (seed + at)) % 251);
		const { r, g, b, a } = thumbHashToAverageRGBA(bytes);
		const part = (value: number) => Math.round(value * 255);
		const colour = `rgb(${part(r)} ${part(g)} ${part(b)} / ${a.toFixed(2)})`;
		expect(averageColour(btoa(String.fromCharCode(...bytes)))).toBe(colour);
	}
});

test('what is no hash has no colour', () => {
	expect(averageColour('???')).toBeNull();
	expect(averageColour('')).toBeNull();
});
