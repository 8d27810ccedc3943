import { describe, expect, it } from 'vitest';
import { byLetter, hue, initials } from './person.ts';

describe('initials', () => {
	it('are of the first and the last word', () => {
		expect(initials('Ana Lovelace')).toBe('AL');
		expect(initials('ana')).toBe('A');
		expect(initials('eve.of-destruction')).toBe('ED');
		expect(initials('Jean-Luc van der Berg')).toBe('JB');
	});

	it('are whole characters in any script', () => {
		expect(initials('نور الهدى')).toBe('نا');
		expect(initials('👩‍🚀')).toBe('👩‍🚀');
		expect(initials('ß')).toBe('SS');
		expect(initials('  ')).toBe('?');
		expect(initials('(bob)')).toBe('B');
	});
});

describe('hue', () => {
	it('is the same for the same person and differs between people', () => {
		expect(hue('abcdefgh')).toBe(hue('abcdefgh'));
		const hues = new Set(Array.from({ length: 200 }, (_, i) => hue(`person${i}`)));
		expect(hues.size).toBe(8);
	});
});

describe('byLetter', () => {
	it('sorts as an address book, accents aside, signs last', () => {
		const people = ['bob', '9lives', 'Ángel', 'ana', 'Eve', 'Åsa', 'Жанна'].map((name) => ({ name }));
		expect(byLetter(people).map(({ letter, people }) => [letter, people.map(({ name }) => name)])).toEqual([
			['A', ['ana', 'Ángel', 'Åsa']],
			['B', ['bob']],
			['E', ['Eve']],
			['Ж', ['Жанна']],
			['#', ['9lives']],
		]);
	});
});
