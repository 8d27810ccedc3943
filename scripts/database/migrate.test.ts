import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pgliteBackend } from './backends.ts';
import { migrate } from './migrate.ts';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), 'kith-migrations-'));
	mkdirSync(join(folder, 'meta'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(migrations: Record<string, string>): void {
	const entries = Object.keys(migrations).map((tag, idx) => ({
		idx,
		tag,
		when: 1000 + idx,
		breakpoints: true,
	}));
	writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify({ entries }));
	for (const [tag, sql] of Object.entries(migrations)) writeFileSync(join(folder, `${tag}.sql`), sql);
}

test('of a migration that fails nothing is kept, those before it are, and it can be mended', async () => {
	const backend = await pgliteBackend('memory');
	const tables = async () =>
		(
			await backend.query({
				query: "select tablename from pg_tables where schemaname = 'public' order by 1",
				params: [],
			})
		).rows.flat();
	const first = 'create table one (n int);\n--> statement-breakpoint\ncreate table two (n int);';
	const broken = 'create table three (n int);--> statement-breakpoint\ncreate table two (n int);';

	write({ '0000_first': first, '0001_broken': broken });
	await expect(migrate(backend, folder)).rejects.toThrow(
		'Migration 0001_broken failed: relation "two" already exists',
	);
	expect(await tables()).toEqual(['one', 'two']);
	await expect(migrate(backend, folder)).rejects.toThrow('Migration 0001_broken failed');

	write({
		'0000_first': first,
		'0001_broken': 'create table three (n int);',
		'0002_last': 'drop table one;',
	});
	expect(await migrate(backend, folder)).toEqual(['0001_broken', '0002_last']);
	expect(await migrate(backend, folder)).toEqual([]);
	expect(await tables()).toEqual(['three', 'two']);
	await backend.close();
});
