import { ascii, u16, u32, uint, type Bytes } from './bytes.ts';
import { boxes, descend, inside, type Box } from './iso-bmff.ts';
import type { Flaw, Read } from './picture.ts';

const TOP = /^(ftyp|meta|moov|mdat|free|skip|uuid|moof|sidx)$/;

/** Walks the boxes of an AVIF file and the items that its `meta` box lists (ISO/IEC 23008-12, 14496-12 section 8.11). */
export function readAvif(bytes: Bytes): Read | Flaw {
	const { boxes: top, whole } = boxes(bytes, 0, bytes.length);
	if (!top.every((box) => TOP.test(box.type))) return 'polyglot';
	if (!whole) return 'truncated';
	const meta = top.find((box) => box.type === 'meta');
	if (!meta) return 'malformed';

	const read: Read = { width: 0, height: 0, exif: [], other: [] };
	const children = inside(bytes, meta, 4);
	const child = (type: string) => children.find((box) => box.type === type);
	const properties = child('iprp');
	const container = properties && descend(bytes, properties, 'ipco');
	for (const property of container ? inside(bytes, container) : []) {
		if (property.type !== 'ispe') continue;
		read.width = Math.max(read.width, u32(bytes, property.start + 4));
		read.height = Math.max(read.height, u32(bytes, property.start + 8));
	}

	const kinds = itemKinds(bytes, child('iinf'));
	const places = itemPlaces(bytes, child('iloc'), child('idat'));
	if (!kinds.size || !places) return 'malformed';
	for (const [id, extents] of places) {
		for (const { start, end } of extents) {
			if (end > bytes.length) return 'truncated';
			const content = bytes.subarray(start, end);
			const kind = kinds.get(id);
			// An Exif item begins with four bytes that say how far on its TIFF header is.
			if (kind === 'Exif') read.exif.push(content.subarray(4 + u32(content, 0)));
			else if (kind !== 'av01') read.other.push(content);
		}
	}
	for (const box of top) if (box.type === 'uuid') read.other.push(bytes.subarray(box.start, box.end));
	return read;
}

/** Which kind of item each id names: `av01` a picture, `Exif`, `mime` (XMP) … */
function itemKinds(bytes: Bytes, iinf: Box | undefined): Map<number, string> {
	const kinds = new Map<number, string>();
	if (!iinf) return kinds;
	const skip = bytes[iinf.start] === 0 ? 6 : 8;
	for (const entry of inside(bytes, iinf, skip)) {
		const version = bytes[entry.start] ?? 0;
		if (entry.type !== 'infe' || version < 2) continue;
		const wide = version === 2 ? 2 : 4;
		kinds.set(uint(bytes, entry.start + 4, wide), ascii(bytes, entry.start + 4 + wide + 2, 4));
	}
	return kinds;
}

/** Where the bytes of each item lie. Null when the list is not to be followed. */
function itemPlaces(
	bytes: Bytes,
	iloc: Box | undefined,
	idat: Box | undefined,
): Map<number, { start: number; end: number }[]> | null {
	if (!iloc || iloc.end > bytes.length) return null;
	const version = bytes[iloc.start] ?? 0;
	if (version > 2) return null;
	const sizes = u16(bytes, iloc.start + 4);
	const [offset, length, base, index] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15, sizes & 15];
	let at = iloc.start + 6;
	const take = (wide: number) => {
		at += wide;
		return uint(bytes, at - wide, wide);
	};
	const items = new Map<number, { start: number; end: number }[]>();
	const count = take(version < 2 ? 2 : 4);
	if (count > 1000) return null;
	for (let i = 0; i < count; i++) {
		const id = take(version < 2 ? 2 : 4);
		const method = version === 0 ? 0 : take(2) & 15;
		take(2); // which file: only this one
		if (method > 1 || (method === 1 && !idat)) return null;
		const from = take(base) + (method === 1 && idat ? idat.start : 0);
		const extents = [];
		const extentCount = take(2);
		for (let e = 0; e < extentCount; e++) {
			if (version > 0) take(index);
			const start = from + take(offset);
			const size = take(length);
			extents.push({ start, end: size === 0 ? bytes.length : start + size });
			if (at > iloc.end) return null;
		}
		items.set(id, extents);
	}
	return items;
}
