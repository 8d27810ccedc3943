import type { Random } from './random.ts';

/*
 * Values that programs stumble over.
 */

export const NUMBERS = [
	...[0, -0, 1, -1, 0.5, 2, 50, 200, 201, 1e9],
	...[2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e21, 1e308, -1e308, 5e-324],
];

/** Numbers as JSON may spell them and JavaScript may not. */
export const SPELT = ['1e999', '-1e999', '1e-999', '-0', '9'.repeat(400), '0.' + '1'.repeat(400), '1E+2'];

const UNICODE = [
	'\ud800', // half of a character
	'\udfff\ud800', // two halves, swapped
	'\u0000',
	'\u001b[2J',
	'\u007f',
	'\u2028',
	'\u202e', // from here on right to left
	'\u2066',
	'\ufeff',
	'\ufffe',
	'e' + '\u0301'.repeat(50),
	'👩‍👩‍👧‍👦',
	'🇩🇪',
	'\u{10ffff}',
	'ß',
	'İ', // one letter that is two in lower case
	'漢',
	'\r\n',
	'\u0085',
	'\u200b',
	'ﷺ',
];

const WORDS = [
	'',
	' ',
	'hello',
	'an-id-000',
	'AN_ID-111',
	'__proto__',
	'constructor',
	'toString',
	'null',
	'undefined',
	'NaN',
	'[object Object]',
	'../../etc/passwd',
	'%00',
	'%2e%2e%2f',
	"' OR 1=1 --",
	'"; DROP TABLE messages; --',
	'<script>alert(1)</script>',
	'{{7*7}}',
	'${7*7}',
	'%s%n',
	'\\',
	'"',
	'x'.repeat(9),
	'x'.repeat(65),
	'x'.repeat(4_001),
	'true',
	'0',
	'-1',
	'1e999',
];

export function oddText(random: Random): string {
	const kind = random.next();
	if (kind < 0.4) return random.pick(WORDS);
	if (kind < 0.6) return random.pick(WORDS) + random.pick(UNICODE);
	if (kind < 0.8) return random.list(12, () => random.pick(UNICODE)).join('');
	if (kind < 0.97) return String.fromCharCode(...random.list(40, () => random.upTo(0x10000)));
	return random.pick(['x', '€', '🌱', '\u0000', '\ud800']).repeat(random.upTo(6_000));
}

/** Anything that JSON can say. */
export function anything(random: Random, depth = 3): unknown {
	const kind = random.upTo(depth > 0 ? 8 : 6);
	switch (kind) {
		case 0:
			return null;
		case 1:
			return random.chance(0.5);
		case 2:
			return random.pick(NUMBERS);
		case 3:
			return random.upTo(1000);
		case 4:
		case 5:
			return oddText(random);
		case 6:
			return random.list(4, () => anything(random, depth - 1));
		default:
			return Object.fromEntries(random.list(4, () => [oddText(random), anything(random, depth - 1)]));
	}
}

export function bytes(random: Random, most: number): Uint8Array<ArrayBuffer> {
	return Uint8Array.from({ length: random.upTo(most) }, () => random.upTo(256));
}
