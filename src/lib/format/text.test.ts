import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emojiOnly, pieces } from './text.ts';

describe('links', () => {
	it('are found in the middle of a text', () => {
		expect(pieces('look: https://example.org/a?b=c#d and http://example.com')).toEqual([
			'look: ',
			{ href: 'https://example.org/a?b=c#d' },
			' and ',
			{ href: 'http://example.com' },
		]);
	});

	it('do not swallow the punctuation around them', () => {
		expect(pieces('(see https://example.org/a_(b)).')).toEqual([
			'(see ',
			{ href: 'https://example.org/a_(b)' },
			').',
		]);
	});

	it('are web addresses only', () => {
		for (const text of ['javascript:alert(1)', 'data:text/html,hi', 'mailto:ana@example.org', 'https://'])
			expect(pieces(text)).toEqual([text]);
	});

	it('never change the text', () => {
		const parts = fc.constantFrom('https://', 'example.org', '(', ')', '.', ' ', '\n', 'é', '👋', '<', '"');
		fc.assert(
			fc.property(fc.array(parts), (list) => {
				const text = list.join('');
				expect(
					pieces(text)
						.map((piece) => (typeof piece === 'string' ? piece : piece.href))
						.join(''),
				).toBe(text);
			}),
		);
	});
});

describe('texts of nothing but emoji', () => {
	it('are counted as people count', () => {
		expect(emojiOnly('👋')).toBe(1);
		expect(emojiOnly('👨‍👩‍👧‍👦 ❤️')).toBe(2);
		expect(emojiOnly('👍🏽👍🏽')).toBe(2);
		expect(emojiOnly('🇩🇪🇫🇷')).toBe(2);
		expect(emojiOnly('1️⃣')).toBe(1);
	});

	it('are not texts with a letter or a digit in them', () => {
		for (const text of ['', ' ', 'hi 👋', '12', '#', '🇩', '©x']) expect(emojiOnly(text)).toBe(0);
	});
});
