import { ascii, u32, uint, type Bytes } from './bytes.ts';

/** One box of an ISO base media file (MP4, AVIF): ISO/IEC 14496-12, section 4.2. */
export interface Box {
	type: string;
	/** Where its content begins and ends; the end may lie beyond the bytes at hand. */
	start: number;
	end: number;
}

/**
 * The boxes that lie side by side between two places. Stops where the bytes end or a size makes no sense.
 * @returns the boxes, and whether they fill the place exactly
 */
export function boxes(bytes: Bytes, from: number, to: number): { boxes: Box[]; whole: boolean } {
	const found: Box[] = [];
	let at = from;
	while (at + 8 <= Math.min(to, bytes.length) && found.length < 10_000) {
		let header = 8;
		let size = u32(bytes, at);
		if (size === 1) {
			header = 16;
			size = uint(bytes, at + 8, 8);
		} else if (size === 0) {
			size = to - at; // reaches to the end
		}
		if (size < header) return { boxes: found, whole: false };
		found.push({ type: ascii(bytes, at + 4, 4), start: at + header, end: at + size });
		at += size;
	}
	return { boxes: found, whole: at === to };
}

/** The boxes inside a box, `skip` bytes after its beginning (4 for a "full box"). */
export function inside(bytes: Bytes, box: Box, skip = 0): Box[] {
	return boxes(bytes, box.start + skip, box.end).boxes;
}

/** Follows a path of box types, each the first of its kind. */
export function descend(bytes: Bytes, box: Box, ...path: string[]): Box | undefined {
	let at: Box | undefined = box;
	for (const type of path) at = at && inside(bytes, at).find((child) => child.type === type);
	return at;
}

/** The major brand and the compatible ones. Empty when the file does not begin with an `ftyp` box of a sensible size. */
export function brands(bytes: Bytes): string[] {
	const size = u32(bytes, 0);
	if (ascii(bytes, 4, 4) !== 'ftyp' || size < 16 || size > 512) return [];
	const names = [ascii(bytes, 8, 4)];
	for (let at = 16; at + 4 <= size; at += 4) names.push(ascii(bytes, at, 4));
	return names;
}
