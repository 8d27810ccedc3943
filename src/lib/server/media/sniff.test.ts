import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixture } from './fixtures.ts';
import { inspect } from './picture.ts';
import { sniff, tellsWhere, type PictureType } from './sniff.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

const TAKEN: [string, string, string][] = [
	['plain.jpg', 'photo', 'image/jpeg'],
	['progressive.jpg', 'photo', 'image/jpeg'],
	['plain.png', 'photo', 'image/png'],
	['plain.gif', 'photo', 'image/gif'],
	['animated.gif', 'photo', 'image/gif'],
	['lossy.webp', 'photo', 'image/webp'],
	['lossless.webp', 'photo', 'image/webp'],
	['plain.avif', 'photo', 'image/avif'],
	['voice-opus.webm', 'voice', 'audio/webm'],
	['voice-aac.m4a', 'voice', 'audio/mp4'],
	['voice-opus.mp4', 'voice', 'audio/mp4'],
	['voice-fragmented.mp4', 'voice', 'audio/mp4'],
	['voice-opus.ogg', 'voice', 'audio/ogg'],
	['voice.wav', 'voice', 'audio/wav'],
	['voice.mp3', 'voice', 'audio/mpeg'],
	['voice-id3.mp3', 'voice', 'audio/mpeg'],
	['clip-vp8.webm', 'clip', 'video/webm'],
	['clip-vp9-silent.webm', 'clip', 'video/webm'],
	['clip-h264.mp4', 'clip', 'video/mp4'],
	['clip-fragmented.mp4', 'clip', 'video/mp4'],
	['clip-moov-last.mp4', 'clip', 'video/mp4'],
];

describe('what a file is', () => {
	it.each(TAKEN)('%s is a %s of type %s', (name, kind, type) => {
		expect(sniff(fixture(name))).toEqual({ ok: true, kind, type });
	});

	it.each(['clip.mkv', 'clip.mov', 'voice-vorbis.webm', 'voice-vorbis.ogg', 'voice.aac'])(
		'%s is not on the list',
		(name) => {
			expect(sniff(fixture(name))).toEqual({ ok: false, code: 'unsupported' });
		},
	);

	it('a HEIC picture is refused with a code of its own', () => {
		expect(sniff(fixture('photo.heic'))).toEqual({ ok: false, code: 'heic' });
	});

	it.each([
		['nothing', ''],
		['text', 'hello'],
		['HTML', '<!doctype html><script>alert(1)</script>'],
		['SVG', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'],
		['SVG behind an XML declaration', '<?xml version="1.0"?><svg/>'],
		['PDF', '%PDF-1.7\n'],
		['a program', '\x7fELF\x02\x01\x01'],
		['an archive', 'PK\x03\x04'],
		['a WAV name without its format', 'RIFF\x24\0\0\0WAVEdata\0\0\0\0'],
		['an MP4 name alone', '\0\0\0\x18ftypisom\0\0\0\0isommp42'],
		[
			'HTML in the place of boxes',
			'\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x20html<script>alert(1)</script>',
		],
		['a WebM name alone', '\x1a\x45\xdf\xa3\x87\x42\x82\x84webm'],
	])('%s is not on the list', (_, text) => {
		expect(sniff(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))).toEqual({
			ok: false,
			code: 'unsupported',
		});
	});

	it('two bytes that look like an MP3 frame are not enough', () => {
		expect(sniff(bytes('\u00ff\u00fb and then something else entirely')).ok).toBe(false);
		const one = fixture('voice.mp3').subarray(0, 100);
		expect(sniff(Uint8Array.from([...one, ...bytes('<html>')])).ok).toBe(false);
	});

	it('the claimed type is heard only between sound and video of an MP4 whose index comes last', () => {
		const last = fixture('voice-aac-moov-last.mp4').subarray(0, 1500);
		expect(sniff(last)).toMatchObject({ kind: 'clip' });
		expect(sniff(last, 'audio/mp4')).toMatchObject({ kind: 'voice', type: 'audio/mp4' });
		expect(sniff(fixture('clip-h264.mp4'), 'audio/mp4')).toMatchObject({ kind: 'clip' });
		expect(sniff(fixture('voice.mp3'), 'image/png')).toMatchObject({ kind: 'voice' });
		expect(sniff(bytes('<html>'), 'image/png').ok).toBe(false);
	});

	it('a clip that says where it was filmed is noticed, wherever it says so', () => {
		expect(tellsWhere(fixture('clip-gps.mp4'))).toBe(true);
		expect(tellsWhere(fixture('clip-gps-keys.mp4'))).toBe(true);
		for (const [name] of TAKEN) expect(tellsWhere(fixture(name)), name).toBe(false);
	});
});

describe('arbitrary bytes', () => {
	const seeds = TAKEN.map(([name]) => fixture(name));

	it('changed, cut and spliced files are answered, never thrown at, and quickly', () => {
		const change = fc.record({
			at: fc.double({ min: 0, max: 1, noNaN: true }),
			to: fc.integer({ min: 0, max: 255 }),
		});
		fc.assert(
			fc.property(
				fc.constantFrom(...seeds),
				fc.constantFrom(...seeds),
				fc.array(change, { maxLength: 12 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				fc.boolean(),
				(seed, other, changes, cut, header) => {
					const mutated = seed.slice();
					// Half of the changes hit the header, where the structure is.
					const reach = header ? Math.min(64, mutated.length) : mutated.length;
					for (const { at, to } of changes) mutated[Math.floor(at * (reach - 1))] = to;
					const spliced = Uint8Array.from([
						...mutated.subarray(0, Math.ceil(cut * mutated.length)),
						...other.subarray(Math.ceil(cut * other.length)),
					]);
					for (const input of [mutated, spliced, mutated.subarray(0, Math.ceil(cut * mutated.length))]) {
						const sniffed = sniff(input);
						if (sniffed.ok && sniffed.kind === 'photo') inspect(input, sniffed.type);
						tellsWhere(input);
					}
				},
			),
			{ numRuns: 5_000 },
		);
	});

	it('random bytes are not media', () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 2_000 }), (input) => {
				expect(sniff(input).ok).toBe(false);
			}),
		);
	});

	it('random bytes behind every beginning are not a picture', () => {
		const heads = TAKEN.filter(([, kind]) => kind === 'photo').map(
			([name, , type]) => [fixture(name).subarray(0, 40), type as PictureType] as const,
		);
		fc.assert(
			fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 500 }), ([head, type], rest) => {
				expect(inspect(Uint8Array.from([...head, ...rest]), type).ok).toBe(false);
			}),
			{ numRuns: 2_000 },
		);
	});
});
