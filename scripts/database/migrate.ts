import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { neon } from '@neondatabase/serverless';
import type { Backend, Statement } from './backends.ts';

/**
 * Applies `migrations/` in the order of drizzle-kit's journal and keeps what was applied where drizzle keeps it
 * (`drizzle.__drizzle_migrations`). drizzle's own migrator for Neon over HTTP runs statement by statement: one that fails in
 * the middle would leave half of it behind. Here each migration is one transaction, with its entry in the journal.
 */

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url).href);
/** Any number that nothing else here locks. */
const LOCK = 5_482_001;

/** Runs statements as one transaction and answers with the rows of each. */
export type Run = (statements: Statement[]) => Promise<unknown[][][]>;

interface Migration {
	tag: string;
	when: number;
	hash: string;
	statements: string[];
}

export function readMigrations(folder = FOLDER): Migration[] {
	const journal = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as {
		entries: { tag: string; when: number }[];
	};
	return journal.entries
		.map(({ tag, when }) => {
			const text = readFileSync(`${folder}/${tag}.sql`, 'utf8');
			return {
				tag,
				when,
				hash: createHash('sha256').update(text).digest('hex'),
				statements: text.split('--> statement-breakpoint').filter((sql) => sql.trim() !== ''),
			};
		})
		.sort((a, b) => a.when - b.when);
}

/**
 * Brings a database up to date. Safe to run again and by several at once.
 * @param database an open backend, or the URL of a Neon database
 * @returns the tags of the migrations that were applied now
 * @throws Error that names the migration when one fails; nothing of that one is kept
 */
export async function migrate(database: Backend | string, folder = FOLDER): Promise<string[]> {
	const run = typeof database === 'string' ? neonRun(database) : backendRun(database);
	const lock = { query: `select pg_advisory_xact_lock(${LOCK})`, params: [] };
	await run([
		lock,
		{ query: 'create schema if not exists drizzle', params: [] },
		{
			query:
				'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
			params: [],
		},
	]);
	const applied = await appliedSoFar(run);
	const now: string[] = [];
	for (const { tag, when, hash, statements } of readMigrations(folder)) {
		if (applied.has(when)) continue;
		try {
			await run([
				lock,
				// Fails, and with it the transaction, when somebody else applied this migration since the look above.
				{
					query: `select 1 / (case when exists (select from drizzle.__drizzle_migrations where created_at = ${when}) then 0 else 1 end)`,
					params: [],
				},
				...statements.map((query) => ({ query, params: [] })),
				{
					query: 'insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)',
					params: [hash, String(when)],
				},
			]);
			now.push(tag);
		} catch (error) {
			if ((await appliedSoFar(run)).has(when)) continue;
			const reason = error instanceof Error ? error.message : String(error);
			throw new Error(`Migration ${tag} failed: ${reason}`, { cause: error });
		}
	}
	return now;
}

async function appliedSoFar(run: Run): Promise<Set<number>> {
	const [rows] = await run([{ query: 'select created_at from drizzle.__drizzle_migrations', params: [] }]);
	return new Set((rows ?? []).map(([when]) => Number(when)));
}

function backendRun(backend: Backend): Run {
	return async (statements) => (await backend.transaction(statements, '')).map((result) => result.rows);
}

function neonRun(url: string): Run {
	const sql = neon(url, { arrayMode: true });
	return (statements) =>
		sql.transaction(statements.map(({ query, params }) => sql.query(query, params))) as Promise<
			unknown[][][]
		>;
}
