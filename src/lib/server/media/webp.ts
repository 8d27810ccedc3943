import { ascii, startsWith, u16le, u24le, u32le, type Bytes } from './bytes.ts';
import type { Flaw, Read } from './picture.ts';

/** Walks the chunks of a WebP file (RFC 9649). */
export function readWebp(bytes: Bytes): Read | Flaw {
	const read: Read = { width: 0, height: 0, exif: [], other: [] };
	const length = 8 + u32le(bytes, 4);
	if (length > bytes.length) return 'truncated';
	if (length < bytes.length) return 'polyglot';

	let drawn = false;
	for (let at = 12; at < length;) {
		const type = ascii(bytes, at, 4);
		const size = u32le(bytes, at + 4);
		const start = at + 8;
		const end = start + size;
		if (end > length) return 'truncated';
		const content = bytes.subarray(start, end);
		if (type === 'VP8X') {
			read.width = u24le(content, 4) + 1;
			read.height = u24le(content, 7) + 1;
		} else if (type === 'VP8 ') {
			if (!startsWith(content, '\x9d\x01\x2a', 3)) return 'malformed';
			drawn = true;
			read.width ||= u16le(content, 6) & 0x3fff;
			read.height ||= u16le(content, 8) & 0x3fff;
		} else if (type === 'VP8L') {
			if (content[0] !== 0x2f) return 'malformed';
			drawn = true;
			const sides = u32le(content, 1);
			read.width ||= (sides & 0x3fff) + 1;
			read.height ||= ((sides >>> 14) & 0x3fff) + 1;
		} else if (type === 'ANMF') {
			drawn = true;
		} else if (type === 'EXIF') {
			read.exif.push(content);
		} else if (type !== 'ALPH') {
			read.other.push(content);
		}
		at = end + (size % 2);
	}
	return drawn ? read : 'truncated';
}
