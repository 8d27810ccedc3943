import { describe, expect, it } from 'vitest';
import { fixture } from './fixtures.ts';
import { inspect } from './picture.ts';
import { crc32 } from './png.ts';
import { sniff, type PictureType } from './sniff.ts';

const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const join = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
const PLAIN: [string, PictureType, number, number][] = [
	['plain.jpg', 'image/jpeg', 32, 24],
	['progressive.jpg', 'image/jpeg', 32, 24],
	['exif-no-gps.jpg', 'image/jpeg', 32, 24],
	['plain.png', 'image/png', 32, 24],
	['plain.gif', 'image/gif', 32, 24],
	['animated.gif', 'image/gif', 16, 12],
	['lossy.webp', 'image/webp', 32, 24],
	['lossless.webp', 'image/webp', 32, 24],
	['plain.avif', 'image/avif', 32, 24],
];

function chunk(type: string, content: Uint8Array): Uint8Array {
	const out = join(new Uint8Array(4), latin1(type), content, new Uint8Array(4));
	const view = new DataView(out.buffer);
	view.setUint32(0, content.length);
	view.setUint32(out.length - 4, crc32(out.subarray(4, -4)));
	return out;
}

describe('a whole picture', () => {
	it.each(PLAIN)('%s is taken, with its sides', (name, type, width, height) => {
		expect(inspect(fixture(name), type)).toEqual({ ok: true, width, height });
	});

	it.each(PLAIN)('%s is refused when it is cut short anywhere', (name, type) => {
		const whole = fixture(name);
		for (let length = 12; length < whole.length; length++) {
			expect(inspect(whole.subarray(0, length), type).ok, `${name} cut to ${length}`).toBe(false);
		}
	});

	it.each(PLAIN)('%s is refused when something follows its end', (name, type) => {
		for (const tail of ['<script>alert(1)</script>', 'PK\x03\x04\x14\0\0\0', '\0']) {
			expect(inspect(join(fixture(name), latin1(tail)), type).ok).toBe(false);
		}
	});

	it.each(PLAIN)('%s is not taken for another kind of picture', (name, type) => {
		for (const [, other] of PLAIN) {
			if (other !== type) expect(inspect(fixture(name), other).ok).toBe(false);
		}
	});
});

describe('polyglots', () => {
	it('a JPEG with a page in its comment is refused', () => {
		const jpeg = fixture('plain.jpg');
		const page = latin1('<html><script>alert(1)</script>');
		const comment = join(latin1(`\xff\xfe\0${String.fromCharCode(page.length + 2)}`), page);
		expect(inspect(join(jpeg.subarray(0, 2), comment, jpeg.subarray(2)), 'image/jpeg')).toEqual({
			ok: false,
			code: 'polyglot',
		});
	});

	it('a JPEG with a harmless comment is taken', () => {
		const jpeg = fixture('plain.jpg');
		const comment = latin1('\xff\xfe\0\x0ahi there');
		expect(inspect(join(jpeg.subarray(0, 2), comment, jpeg.subarray(2)), 'image/jpeg').ok).toBe(true);
	});

	it('a PNG with a page in its text is refused, compressed or not', async () => {
		const png = fixture('plain.png');
		const withChunk = (extra: Uint8Array) => join(png.subarray(0, 33), extra, png.subarray(33));
		const plain = chunk('tEXt', latin1('Comment\0<script>alert(1)</script>'));
		const packed = new Uint8Array(
			await new Response(
				new Blob(['<script>alert(1)</script>']).stream().pipeThrough(new CompressionStream('deflate')),
			).arrayBuffer(),
		);
		const zipped = chunk('zTXt', join(latin1('Comment\0\0'), packed));
		expect(inspect(withChunk(plain), 'image/png')).toEqual({ ok: false, code: 'polyglot' });
		expect(inspect(withChunk(zipped), 'image/png')).toEqual({ ok: false, code: 'polyglot' });
		expect(inspect(withChunk(chunk('tEXt', latin1('Comment\0hello'))), 'image/png').ok).toBe(true);
	});

	it('a PNG whose bytes were changed is refused', () => {
		const png = fixture('plain.png');
		png[60] = (png[60] ?? 0) ^ 1;
		expect(inspect(png, 'image/png')).toEqual({ ok: false, code: 'malformed' });
	});

	it('a picture of more pixels than a telephone can hold is refused', () => {
		const png = fixture('plain.png');
		const view = new DataView(png.buffer);
		view.setUint32(16, 100_000);
		view.setUint32(20, 100_000);
		view.setUint32(29, crc32(png.subarray(12, 29)));
		expect(inspect(png, 'image/png')).toEqual({ ok: false, code: 'too_many_pixels' });
	});
});

describe('where it was taken', () => {
	it.each([
		'gps.jpg',
		'gps-xmp.jpg',
		'gps.png',
		'gps-xmp.png',
		'gps-raw-profile.png',
		'gps.webp',
		'gps-xmp.webp',
		'gps.avif',
		'gps-xmp.avif',
	])('%s is refused', (name) => {
		const bytes = fixture(name);
		const sniffed = sniff(bytes);
		expect(sniffed).toMatchObject({ ok: true, kind: 'photo' });
		if (!sniffed.ok || sniffed.kind !== 'photo') return;
		expect(inspect(bytes, sniffed.type)).toEqual({ ok: false, code: 'gps' });
	});

	it('EXIF that cannot be followed counts as saying it', () => {
		const bytes = fixture('gps.jpg');
		const tiff = bytes.findIndex(
			(_, at) => bytes[at] === 0x4d && bytes[at + 1] === 0x4d && bytes[at + 3] === 42,
		);
		bytes[tiff + 6] = 0xff; // the first directory lies far outside
		expect(inspect(bytes, 'image/jpeg')).toEqual({ ok: false, code: 'gps' });
	});
});
