/**
 * The part of a file that a request asks for (RFC 9110, section 14). R2 answers a range that cannot be satisfied with
 * the whole object, so it is decided here.
 * @param header the `Range` header
 * @param size bytes of the whole
 * @returns null for "send all of it": no range, one that is not in bytes, not well-formed or more than one, which a
 *   server may ignore; `unsatisfiable` for 416
 */
export function parseRange(
	header: string | null | undefined,
	size: number,
): { start: number; end: number } | 'unsatisfiable' | null {
	const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
	if (!match) return null;
	const [, first = '', last = ''] = match;
	if (first === '' && last === '') return null;
	if (first === '') {
		const length = Number(last);
		if (length === 0 || size === 0) return 'unsatisfiable';
		return { start: Math.max(0, size - length), end: size - 1 };
	}
	const start = Number(first);
	if (last !== '' && Number(last) < start) return null;
	if (start >= size) return 'unsatisfiable';
	return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Does `If-None-Match` name this version (weakly compared, section 13.1.2)? */
export function matches(header: string | null | undefined, etag: string): boolean {
	if (!header) return false;
	if (header.trim() === '*') return true;
	const strong = (tag: string) => tag.trim().replace(/^W\//, '');
	return header.split(',').some((tag) => strong(tag) === strong(etag));
}

/** Does `If-Range` still hold (strongly compared, section 13.1.5)? Without one, it does. */
export function stillTheSame(header: string | null | undefined, etag: string, uploaded: Date): boolean {
	if (!header) return true;
	if (header.startsWith('"')) return header === etag;
	const seconds = Math.floor(uploaded.getTime() / 1000);
	return Date.parse(header) / 1000 === seconds;
}
