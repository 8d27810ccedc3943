import { expect, it } from 'vitest';
import { nextPage } from './next-page.ts';

it('leads to a page of this site', () => {
	expect(nextPage('/people?q=bob')).toBe('/people?q=bob');
	expect(nextPage('/chats/a_b#end')).toBe('/chats/a_b#end');
});

it('leads nowhere else', () => {
	for (const asked of [
		null,
		undefined,
		'',
		'chats',
		'https://eve.example',
		'//eve.example',
		'/\\eve.example',
		'/\t/eve.example',
		'javascript:alert(1)',
		'http://[',
	])
		expect(nextPage(asked)).toBe('/chats');
});
