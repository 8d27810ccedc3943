import { neon, NeonDbError, neonConfig, type NeonQueryFunction } from '@neondatabase/serverless';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pgliteBackend, postgresBackend, type Backend } from './backends.ts';
import { serve, type Gateway } from './gateway.ts';
import { migrate, readMigrations } from './migrate.ts';

/** The name of a database that only this file uses on a server. */
const NAME = `kith_gateway_${process.pid}`;
const server = process.env.TEST_DATABASE_URL;

async function onServer(sql: string): Promise<void> {
	const client = new pg.Client(server);
	await client.connect();
	await client.query(sql).finally(() => client.end());
}

describe.each([
	{
		kind: 'PGlite',
		open: () => pgliteBackend('memory'),
		drop: () => Promise.resolve(),
		skip: false,
	},
	{
		kind: 'PostgreSQL',
		open: async () => {
			await onServer(`create database ${NAME}`);
			return postgresBackend(Object.assign(new URL(server!), { pathname: `/${NAME}` }).href);
		},
		drop: () => onServer(`drop database ${NAME} with (force)`),
		skip: !server,
	},
])('the gateway over $kind', ({ open, drop, skip }) => {
	if (skip) {
		test.skip('needs TEST_DATABASE_URL', () => {});
		return;
	}
	let backend: Backend;
	let gateway: Gateway;
	let sql: NeonQueryFunction<false, false>;
	beforeAll(async () => {
		backend = await open();
		gateway = await serve({ backend, port: 0 });
		neonConfig.fetchEndpoint = gateway.endpoint;
		sql = neon('postgres://kith:kith@localhost/kith');
	});
	afterAll(async () => {
		await gateway.close();
		await backend.close();
		await drop();
	});

	test('migrations are applied once, however many apply them at once', async () => {
		const all = readMigrations().map(({ tag }) => tag);
		const applied = await Promise.all([
			migrate(backend),
			migrate(backend),
			migrate(backend),
			migrate(backend),
		]);
		expect(applied.flat().sort()).toEqual(all);
		expect(await migrate(backend)).toEqual([]);
		expect(await migrate('postgres://kith:kith@localhost/kith')).toEqual([]);
		const tables = await sql`select table_name from information_schema.tables where table_schema = 'public'`;
		expect(tables.map((row) => row.table_name)).toContain('people');
		const [journal] = await sql`select count(*)::int as entries from drizzle.__drizzle_migrations`;
		expect(journal).toEqual({ entries: all.length });
	});

	test('values of every kind arrive as they were', async () => {
		const given = {
			text: 'O’Brien "quoted" \\ 田中 🦊',
			nothing: null,
			number: -7.25,
			big: 9007199254740993n.toString(),
			yes: true,
			time: new Date('2026-11-22T12:34:56.789Z'),
			list: ['a', 'b,c', '"'],
			object: { a: [1, null, 'x'] },
			bytes: Buffer.from([0, 255, 10]),
		};
		const [row] = await sql`
			select ${given.text}::text as text, ${given.nothing}::text as nothing, ${given.number}::float8 as number,
				${given.big}::bigint as big, ${given.yes}::boolean as yes, ${given.time}::timestamptz as time,
				${given.list}::text[] as list, ${given.object}::jsonb as object, ${given.bytes}::bytea as bytes
		`;
		expect(row).toEqual(given);
	});

	test('a statement says how many rows it touched', async () => {
		await sql`create table counted (n int)`;
		const inserted = await sql.query('insert into counted select generate_series(1, 3)', [], {
			fullResults: true,
		});
		expect([inserted.command, inserted.rowCount]).toEqual(['INSERT', 3]);
		const updated = await sql.query('update counted set n = 0 where n > 1', [], { fullResults: true });
		expect([updated.command, updated.rowCount]).toEqual(['UPDATE', 2]);
		const none = await sql.query('select from counted where n > 5', [], { fullResults: true });
		expect([none.rows, none.rowCount]).toEqual([[], 0]);
	});

	test('a batch is one transaction: all of it or nothing', async () => {
		await sql`create table whole (id int primary key)`;
		const [, count] = await sql.transaction([
			sql`insert into whole values (1)`,
			sql`select count(*)::int as count from whole`,
		]);
		expect(count).toEqual([{ count: 1 }]);
		await expect(
			sql.transaction([sql`insert into whole values (2)`, sql`insert into whole values (1)`]),
		).rejects.toMatchObject({ code: '23505', constraint: 'whole_pkey' });
		expect(await sql`select id from whole`).toEqual([{ id: 1 }]);
	});

	test('a batch has the isolation it asks for', async () => {
		const [rows] = await sql.transaction(
			[
				sql`select current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as reading`,
			],
			{
				isolationLevel: 'RepeatableRead',
				readOnly: true,
			},
		);
		expect(rows).toEqual([{ isolation: 'repeatable read', reading: 'on' }]);
		const [usual] = await sql.transaction([
			sql`select current_setting('transaction_isolation') as isolation`,
		]);
		expect(usual).toEqual([{ isolation: 'read committed' }]);
	});

	test('what Postgres refuses comes back as its error, and the next statement works', async () => {
		const error = await sql`select 1 / 0`.then(
			() => null,
			(thrown: unknown) => thrown,
		);
		expect(error).toBeInstanceOf(NeonDbError);
		expect(error).toMatchObject({ code: '22012', severity: 'ERROR', message: 'division by zero' });
		await expect(sql`select * from nowhere`).rejects.toMatchObject({ code: '42P01' });
		expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
	});

	describe('anything else than the driver', () => {
		const post = (init: RequestInit, path = '/sql') =>
			fetch(new URL(path, gateway.endpoint), { method: 'POST', ...init });
		const headers = { 'neon-connection-string': 'postgres://kith@localhost/kith' };

		test.each([
			['without the header that a page cannot send', { body: '{"query":"select 1"}' }, 403],
			['what is not JSON', { headers, body: 'select 1' }, 422],
			['a number', { headers, body: '7' }, 422],
			['no query', { headers, body: '{}' }, 422],
			['a query that is no text', { headers, body: '{"query":{}}' }, 422],
			['queries that are no list', { headers, body: '{"queries":"select 1"}' }, 422],
			['params that are no list', { headers, body: '{"query":"select 1","params":"x"}' }, 422],
			['a body that is too big', { headers, body: ' '.repeat(9 * 1024 * 1024) }, 413],
			['GET', { headers, method: 'GET' }, 405],
		])('%s is refused', async (_, init, status) => {
			const answer = await post(init);
			expect([answer.status, typeof ((await answer.json()) as { message: unknown }).message]).toEqual([
				status,
				'string',
			]);
		});

		test('another path is not there', async () => {
			expect((await post({ headers, body: '{"query":"select 1"}' }, '/')).status).toBe(404);
		});
	});
});

test('a taken port is said', async () => {
	const backend = { close: () => Promise.resolve() } as Backend;
	const first = await serve({ backend, port: 0 });
	await expect(serve({ backend, port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
	await first.close();
});

test('a server that cannot be reached is no refusal of a statement', async () => {
	const gateway = await serve({ backend: postgresBackend('postgres://kith@127.0.0.1:1/kith'), port: 0 });
	const answer = await fetch(gateway.endpoint, {
		method: 'POST',
		headers: { 'neon-connection-string': 'x' },
		body: '{"query":"select 1"}',
	});
	expect(answer.status).toBe(503);
	await gateway.close();
});
