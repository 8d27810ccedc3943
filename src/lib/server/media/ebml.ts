import type { Bytes } from './bytes.ts';

/** One element of an EBML file (WebM): RFC 8794. */
export interface Element {
	id: number;
	start: number;
	/** Infinity when the size is unknown, as live recorders write it. */
	end: number;
}

/** The element at a place, or null where there is none. */
export function element(bytes: Bytes, at: number): Element | null {
	const first = bytes[at];
	if (first === undefined || first < 0x10) return null; // an id has at most 4 bytes
	const idLength = Math.clz32(first) - 23;
	let id = 0;
	for (let i = 0; i < idLength; i++) id = id * 256 + (bytes[at + i] ?? 0);

	const sizeAt = at + idLength;
	const head = bytes[sizeAt];
	if (head === undefined || head === 0) return null;
	const sizeLength = Math.clz32(head) - 23;
	let size = head & (0xff >> sizeLength);
	let unknown = size === 0xff >> sizeLength;
	for (let i = 1; i < sizeLength; i++) {
		const byte = bytes[sizeAt + i] ?? 0;
		size = size * 256 + byte;
		unknown &&= byte === 0xff;
	}
	const start = sizeAt + sizeLength;
	return { id, start, end: unknown ? Infinity : start + size };
}

/** The elements that lie side by side between two places, as far as the bytes go. */
export function* elements(bytes: Bytes, from: number, to: number): Generator<Element> {
	for (let at = from, n = 0; at < Math.min(to, bytes.length) && n < 10_000; n++) {
		const found = element(bytes, at);
		if (!found) return;
		yield found;
		at = found.end;
	}
}
