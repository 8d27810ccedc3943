import { startsWith, u16, type Bytes } from './bytes.ts';
import type { Flaw, Read } from './picture.ts';

const [SOI, EOI, SOS] = [0xd8, 0xd9, 0xda];
/** Restart markers and "arithmetic temporary" stand alone, without a length. */
const alone = (marker: number) => (marker >= 0xd0 && marker <= 0xd7) || marker === 0x01;
/** Start of frame: C0–CF without the tables DHT, JPG and DAC. */
const isFrame = (marker: number) =>
	marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** Walks the segments and scans of a JPEG file (ITU-T T.81, annex B). */
export function readJpeg(bytes: Bytes): Read | Flaw {
	const read: Read = { width: 0, height: 0, exif: [], other: [] };
	let scanned = false;
	let at = 2;
	for (;;) {
		if (at >= bytes.length) return 'truncated';
		if (bytes[at] !== 0xff) return 'malformed';
		const marker = bytes[at + 1];
		if (marker === undefined) return 'truncated';
		if (marker === 0xff) {
			at++; // fill byte
			continue;
		}
		at += 2;
		if (marker === EOI) {
			if (!scanned || !read.width) return 'malformed';
			return at === bytes.length ? read : 'polyglot';
		}
		if (alone(marker)) continue;
		if (marker === SOI || marker < 0xc0) return 'malformed';

		const end = at + u16(bytes, at);
		if (at + 2 > bytes.length || end > bytes.length) return 'truncated';
		if (end < at + 2) return 'malformed';
		const content = bytes.subarray(at + 2, end);
		if (isFrame(marker)) {
			read.height = u16(content, 1);
			read.width = u16(content, 3);
		} else if (marker === 0xe1 && startsWith(content, 'Exif\0')) {
			read.exif.push(content);
		} else if (marker >= 0xe0) {
			read.other.push(content);
		}
		at = end;
		if (marker === SOS) {
			scanned = true;
			at = endOfScan(bytes, at);
		}
	}
}

/** Where the next marker stands: in a scan, 0xFF is followed by 0 (a stuffed byte) or by a restart marker. */
function endOfScan(bytes: Bytes, from: number): number {
	for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
		const next = bytes[at + 1];
		if (next !== undefined && next !== 0 && next !== 0xff && !alone(next)) return at;
	}
	return bytes.length;
}
