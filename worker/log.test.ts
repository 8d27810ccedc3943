import { expect, test, vi } from 'vitest';
import { log, newFailureId } from './log.ts';

function logged(work: () => void): string[] {
	const lines: string[] = [];
	const spies = (['log', 'error'] as const).map((name) =>
		vi.spyOn(console, name).mockImplementation((line: string) => void lines.push(line)),
	);
	work();
	for (const spy of spies) spy.mockRestore();
	return lines;
}

test('an event is one line of JSON', () => {
	const lines = logged(() => {
		log({ event: 'notices_delivered', count: 3 });
		log({ event: 'notices_failed', error: new TypeError('two\nlines', { cause: 'a text' }) });
	});
	expect(lines.map((line) => JSON.parse(line))).toEqual([
		{ event: 'notices_delivered', count: 3 },
		{
			event: 'notices_failed',
			error: {
				name: 'TypeError',
				message: 'two\nlines',
				frames: expect.arrayContaining([expect.stringMatching(/^at /)]),
				cause: { name: 'string', message: 'a text' },
			},
		},
	]);
	expect(lines.every((line) => !line.includes('\n'))).toBe(true);
});

test('a failed query is logged without its parameters', () => {
	const error = Object.assign(
		new Error('Failed query: insert into people values ($1)\nparams: ana@kith.test,scrypt$secret'),
		{
			query: 'insert into people values ($1)',
			params: ['ana@kith.test', 'scrypt$secret'],
		},
	);
	const [line] = logged(() => log({ event: 'notices_failed', error }));
	expect(line).toContain('insert into people');
	expect(line).not.toMatch(/ana@kith|secret/);
});

test('failure ids differ and can be read out', () => {
	const ids = Array.from({ length: 100 }, newFailureId);
	expect(new Set(ids).size).toBe(100);
	for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}$/);
});
