/** A person in few pixels: initials, a colour, the letter they stand under. */

const segments = new Intl.Segmenter('en', { granularity: 'grapheme' });

function firstOf(word: string): string {
	for (const { segment } of segments.segment(word)) return segment.toLocaleUpperCase('en');
	return '';
}

/** Up to two initials: of the first and the last word of a name. */
export function initials(name: string): string {
	const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
	const [first] = words;
	if (!first) return firstOf(name.trim()) || '?';
	const last = words.length > 1 ? (words.at(-1) ?? '') : '';
	return firstOf(first.replace(/^[^\p{L}\p{N}]+/u, '')) + firstOf(last.replace(/^[^\p{L}\p{N}]+/u, ''));
}

/** Hues that stay apart from one another and from the teal of my own messages. */
const HUES = [20, 50, 85, 130, 225, 262, 300, 345] as const;

/** The hue of a person, in degrees of OKLCH: always the same for the same id. FNV-1a, folded. */
export function hue(id: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
	hash ^= hash >>> 16;
	return HUES[(hash >>> 8) % HUES.length] ?? HUES[0];
}

export interface Letter<P> {
	letter: string;
	people: P[];
}

/** People by the first letter of their names, as an address book has them; what begins with none is under `#`. */
export function byLetter<P extends { name: string }>(people: readonly P[]): Letter<P>[] {
	const order = new Intl.Collator('en', { sensitivity: 'base', numeric: true });
	const letters = new Map<string, P[]>();
	for (const person of [...people].sort((a, b) => order.compare(a.name, b.name))) {
		const letter = letterOf(person.name);
		const under = letters.get(letter);
		if (under) under.push(person);
		else letters.set(letter, [person]);
	}
	return [...letters]
		.map(([letter, under]) => ({ letter, people: under }))
		.sort((a, b) => Number(a.letter === '#') - Number(b.letter === '#') || order.compare(a.letter, b.letter));
}

function letterOf(name: string): string {
	const first = firstOf(name.trim().normalize('NFD')).replace(/\p{M}/gu, '');
	return /^\p{L}/u.test(first) ? first : '#';
}
