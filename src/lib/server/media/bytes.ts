/** Reading numbers and names out of bytes. Outside the bytes there are zeros and empty names, never an exception. */

export type Bytes = Uint8Array;

export function u16(bytes: Bytes, at: number): number {
	return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function u32(bytes: Bytes, at: number): number {
	return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

export function u16le(bytes: Bytes, at: number): number {
	return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

export function u24le(bytes: Bytes, at: number): number {
	return u16le(bytes, at) | ((bytes[at + 2] ?? 0) << 16);
}

export function u32le(bytes: Bytes, at: number): number {
	return u16le(bytes, at) + u16le(bytes, at + 2) * 0x10000;
}

/** An unsigned number of up to 8 bytes, most significant first. Above 2⁵³ it is only roughly right, and far too big. */
export function uint(bytes: Bytes, at: number, length: number): number {
	let value = 0;
	for (let i = 0; i < length; i++) value = value * 256 + (bytes[at + i] ?? 0);
	return value;
}

/** `length` bytes as Latin-1 text, shorter at the end of the bytes. */
export function ascii(bytes: Bytes, at: number, length: number): string {
	return String.fromCharCode(...bytes.subarray(at, at + length));
}

export function startsWith(bytes: Bytes, text: string, at = 0): boolean {
	for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
	return true;
}

/** Where a Latin-1 text first occurs at or after `from`, or -1. */
export function find(bytes: Bytes, text: string, from = 0): number {
	const first = text.charCodeAt(0);
	for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
		if (startsWith(bytes, text, at)) return at;
	}
	return -1;
}

export function contains(bytes: Bytes, text: string): boolean {
	return find(bytes, text) >= 0;
}
