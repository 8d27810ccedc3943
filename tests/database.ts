import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { read, type Config } from '#lib/server/config.ts';
import { connect, type Db } from '#lib/server/db/client.ts';
import { people } from '#lib/server/db/schema.ts';
import { searchable } from '#lib/server/folded.ts';
import { newId } from '#lib/server/ids.ts';
import type { Me } from '#lib/server/person.ts';
import { pgliteBackend, postgresBackend, type Backend } from '../scripts/database/backends.ts';
import { serve } from '../scripts/database/gateway.ts';
import { migrate, readMigrations } from '../scripts/database/migrate.ts';

/** A fresh, migrated database behind the real gateway, asked by the real driver. */
export interface TestDatabase {
	db: Db;
	config: Config;
	/** What answers: PGlite, one query at a time, or a PostgreSQL server. */
	kind: 'pglite' | 'postgres';
	/** Past the gateway, for what takes longer than the driver would wait. */
	backend: Backend;
	/** Stops answering, as a database does that has gone away; `close` is still to be called. */
	goAway(): Promise<void>;
	close(): Promise<void>;
}

/**
 * Makes a database for one test file. Only one at a time in a process: the driver's endpoint belongs to all of it.
 * @param server the URL of a PostgreSQL server to make it on; PGlite in memory when there is none
 */
export async function testDatabase(server = process.env.TEST_DATABASE_URL): Promise<TestDatabase> {
	const { backend, drop } = server
		? await onServer(server)
		: { backend: await inMemory(), drop: () => Promise.resolve() };
	const gateway = await serve({ backend, port: 0 });
	const config = read({
		DATABASE_URL: 'postgres://kith:kith@localhost/kith',
		NEON_SQL_ENDPOINT: gateway.endpoint,
		SESSION_SECRET: randomBytes(32).toString('hex'),
	});
	return {
		db: connect(config),
		config,
		kind: server ? 'postgres' : 'pglite',
		backend,
		goAway: () => gateway.close(),
		async close() {
			await gateway.close();
			await backend.close();
			await drop();
		},
	};
}

/** Starting PGlite empty takes seconds: the first one, migrated, is kept as a dump that the others start from. */
async function inMemory(): Promise<Backend> {
	const modules = join(import.meta.dirname, '../node_modules');
	const pglite = readFileSync(join(modules, '@electric-sql/pglite/package.json'), 'utf8');
	const state = JSON.stringify([pglite, readMigrations()]);
	const folder = join(modules, '.cache/kith');
	const file = join(folder, `pglite-${createHash('sha256').update(state).digest('hex').slice(0, 16)}.tar`);
	if (existsSync(file)) return pgliteBackend(new Blob([readFileSync(file)]));

	const backend = await pgliteBackend('memory');
	await migrate(backend);
	mkdirSync(folder, { recursive: true });
	const unfinished = `${file}.${process.pid}`;
	writeFileSync(unfinished, new Uint8Array(await (await backend.dump()).arrayBuffer()));
	renameSync(unfinished, file);
	return backend;
}

async function onServer(server: string): Promise<{ backend: Backend; drop: () => Promise<void> }> {
	const name = `kith_test_${randomBytes(6).toString('hex')}`;
	const ask = async (sql: string) => {
		const client = new pg.Client(server);
		await client.connect();
		await client.query(sql).finally(() => client.end());
	};
	await ask(`create database ${name} encoding 'UTF8' template template0`);
	const url = new URL(server);
	url.pathname = `/${name}`;
	const backend = postgresBackend(url.href, 40);
	await migrate(backend);
	return { backend, drop: () => ask(`drop database ${name} with (force)`) };
}

/** Somebody with an account that nobody can log in to: hashing a password takes longer than most tests. */
export async function addPerson(
	db: Db,
	username: string,
	{ name = username, ...rest }: Partial<typeof people.$inferInsert> = {},
): Promise<Me> {
	const row = {
		id: newId(),
		username,
		name,
		email: `${username}@example.org`,
		searchable: searchable(username, name),
		passwordHash: '',
		...rest,
	};
	await db.insert(people).values(row);
	const { id, email, phone = null, about = '', avatar = null } = row;
	return { id, username, name, email, phone, about, avatar };
}
