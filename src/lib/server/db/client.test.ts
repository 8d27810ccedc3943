import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase, type TestDatabase } from '../../../../tests/database.ts';
import { connect, isUnreachable, violatedUnique, type Db } from './client.ts';
import { attempts } from './schema.ts';

const failure = (query: PromiseLike<unknown>): Promise<unknown> =>
	Promise.resolve(query).then(
		() => Promise.reject(new Error('It should have failed.')),
		(error: unknown) => error,
	);

/** A database that answers every request in the same way. */
async function answering(answer: Parameters<typeof createServer>[1]): Promise<{ db: Db; server: Server }> {
	const server = createServer(answer!);
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const sqlEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`;
	return { server, db: connect({ databaseUrl: 'postgres://kith:kith@localhost/kith', sqlEndpoint }) };
}

describe('isUnreachable', () => {
	test.each<[string, Parameters<typeof createServer>[1]]>([
		['a server error', (_, response) => response.writeHead(503).end('{"message":"starting"}')],
		['too many requests', (_, response) => response.writeHead(429).end('slow down')],
		['a connection that breaks', (request) => request.socket.destroy()],
		[
			'an answer that breaks off',
			(_, response) => {
				response.writeHead(200, { 'content-length': '100' });
				response.write('{"fie');
				setTimeout(() => response.destroy(), 20);
			},
		],
		[
			'a server that shuts down',
			(_, response) => response.writeHead(400).end('{"message":"terminating connection","code":"57P01"}'),
		],
		[
			'a server without a free connection',
			(_, response) => response.writeHead(400).end('{"message":"too many clients already","code":"53300"}'),
		],
	])('%s is', async (_, answer) => {
		const { db, server } = await answering(answer);
		expect(isUnreachable(await failure(db.execute(sql`select 1`)))).toBe(true);
		expect(isUnreachable(await failure(db.batch([db.execute(sql`select 1`)])))).toBe(true);
		server.close();
	});

	test('a port on which nothing listens is', async () => {
		const { db, server } = await answering(() => {});
		await new Promise((resolve) => server.close(resolve));
		expect(isUnreachable(await failure(db.execute(sql`select 1`)))).toBe(true);
	});

	test.each([
		new Error('something else'),
		new TypeError('fetch failed'),
		null,
		undefined,
		'text',
		{ code: '57P01' },
	])('%s is not', (error) => {
		expect(isUnreachable(error)).toBe(false);
	});
});

describe('on a database that answers', () => {
	let database: TestDatabase;
	beforeAll(async () => void (database = await testDatabase()));
	afterAll(() => database.close());

	test('a statement that is refused is neither unreachable nor, unless it is one, a violated unique', async () => {
		const { db } = database;
		for (const ask of [
			() => db.execute(sql`select 1 / 0`),
			() => db.batch([db.execute(sql`select 1 / 0`)]),
		]) {
			const error = await failure(ask());
			expect([isUnreachable(error), violatedUnique(error)]).toEqual([false, null]);
		}
	});

	test('a violated unique is named, alone and in a batch', async () => {
		const { db } = database;
		const insert = () => db.insert(attempts).values({ key: 'a', count: 1, resetsAt: new Date() });
		await insert();
		expect(violatedUnique(await failure(insert()))).toBe('attempts_pkey');
		expect(violatedUnique(await failure(db.batch([insert()])))).toBe('attempts_pkey');
	});
});
