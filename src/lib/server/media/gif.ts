import { u16le, type Bytes } from './bytes.ts';
import type { Flaw, Read } from './picture.ts';

const [EXTENSION, IMAGE, TRAILER] = [0x21, 0x2c, 0x3b];
const [COMMENT, APPLICATION, PLAIN_TEXT] = [0xfe, 0xff, 0x01];
const colours = (packed: number) => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0);

/** Walks the blocks of a GIF file (GIF89a specification). */
export function readGif(bytes: Bytes): Read | Flaw {
	const read: Read = { width: u16le(bytes, 6), height: u16le(bytes, 8), exif: [], other: [] };
	let drawn = false;
	let at = 13 + colours(bytes[10] ?? 0);
	for (;;) {
		const block = bytes[at];
		if (block === undefined) return 'truncated';
		if (block === TRAILER) {
			if (!drawn) return 'malformed';
			return at + 1 === bytes.length ? read : 'polyglot';
		}
		let start: number;
		if (block === IMAGE) {
			drawn = true;
			start = at + 10 + colours(bytes[at + 9] ?? 0) + 1;
		} else if (block === EXTENSION) {
			start = at + 2;
		} else {
			return 'malformed';
		}
		const label = block === EXTENSION ? bytes[at + 1] : undefined;
		const end = endOfBlocks(bytes, start);
		if (end < 0) return 'truncated';
		if (label === COMMENT || label === APPLICATION || label === PLAIN_TEXT) {
			read.other.push(bytes.subarray(start, end));
		}
		at = end;
	}
}

/** Data comes in blocks of up to 255 bytes, each after its length, until an empty one. */
function endOfBlocks(bytes: Bytes, from: number): number {
	for (let at = from; ;) {
		const length = bytes[at];
		if (length === undefined) return -1;
		at += 1 + length;
		if (length === 0) return at;
	}
}
