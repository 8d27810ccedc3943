import { inflateSync } from 'node:zlib';
import { ascii, startsWith, u32, type Bytes } from './bytes.ts';
import type { Flaw, Read } from './picture.ts';

/** Text in a PNG may be compressed. More than this is not a note about a picture. */
const TEXT_MAX_BYTES = 1024 * 1024;

/** Walks the chunks of a PNG file (W3C PNG, section 5), checking each one's sum. */
export function readPng(bytes: Bytes): Read | Flaw {
	const read: Read = { width: 0, height: 0, exif: [], other: [] };
	let drawn = false;
	for (let at = 8, first = true; ; first = false) {
		if (at + 12 > bytes.length) return 'truncated';
		const length = u32(bytes, at);
		const type = ascii(bytes, at + 4, 4);
		const end = at + 12 + length;
		if (!/^[A-Za-z]{4}$/.test(type)) return 'malformed';
		if (end > bytes.length) return 'truncated';
		if (crc32(bytes.subarray(at + 4, end - 4)) !== u32(bytes, end - 4)) return 'malformed';
		if (first !== (type === 'IHDR')) return 'malformed';

		const content = bytes.subarray(at + 8, end - 4);
		if (type === 'IHDR') {
			if (length !== 13) return 'malformed';
			read.width = u32(content, 0);
			read.height = u32(content, 4);
		} else if (type === 'IDAT') {
			drawn = true;
		} else if (type === 'IEND') {
			if (!drawn) return 'malformed';
			return end === bytes.length ? read : 'polyglot';
		} else if (type === 'eXIf') {
			read.exif.push(content);
		} else if (type !== 'PLTE' && type !== 'fdAT') {
			const text = plain(type, content);
			if (!text) return 'malformed';
			read.other.push(text);
			const profile = rawProfile(text);
			if (profile) read.exif.push(profile);
		}
		at = end;
	}
}

/** What a chunk says, with its text decompressed where it is compressed. Null when that fails. */
function plain(type: string, content: Bytes): Bytes | null {
	const zero = content.indexOf(0);
	let packed = -1;
	if (type === 'zTXt') packed = zero + 2;
	if (type === 'iTXt' && content[zero + 1] === 1) {
		packed = content.indexOf(0, content.indexOf(0, zero + 3) + 1) + 1;
	}
	if (packed < 0) return content;
	try {
		const text = inflateSync(content.subarray(packed), { maxOutputLength: TEXT_MAX_BYTES });
		const whole = new Uint8Array(packed + text.length);
		whole.set(content.subarray(0, packed));
		whole.set(text, packed);
		return whole;
	} catch {
		return null;
	}
}

/** ImageMagick keeps EXIF as hexadecimal text: "Raw profile type exif", a line with its name, one with its length, the digits. */
function rawProfile(text: Bytes): Bytes | null {
	if (!startsWith(text, 'Raw profile type exif') && !startsWith(text, 'Raw profile type APP1')) return null;
	const lines = new TextDecoder('latin1').decode(text).split('\n').slice(3);
	const digits = lines.join('').replace(/[^0-9a-f]/gi, '');
	const bytes = new Uint8Array(digits.length >> 1);
	for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
	return startsWith(bytes, 'Exif\0') ? bytes : null;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
	for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
	return n;
});

/** The sum that ends each chunk (W3C PNG, annex D). */
export function crc32(bytes: Bytes): number {
	let sum = 0xffffffff;
	for (const byte of bytes) sum = (TABLE[(sum ^ byte) & 0xff] as number) ^ (sum >>> 8);
	return (sum ^ 0xffffffff) >>> 0;
}
