import { PGlite, type Transaction } from '@electric-sql/pglite';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import pg from 'pg';

/** What stands behind the gateway. Values travel as Postgres writes them, as text, in both directions. */

export interface Statement {
	query: string;
	params: (string | null)[];
}

export interface Result {
	fields: { name: string; dataTypeID: number }[];
	rows: (string | null)[][];
	command: string;
	rowCount: number;
}

export interface Backend {
	/** One statement in a transaction of its own. A refused statement throws an error with the SQLSTATE in `code`. */
	query(statement: Statement): Promise<Result>;
	/**
	 * All statements in one transaction, or none of them.
	 * @param modes what follows SET TRANSACTION, for example `ISOLATION LEVEL SERIALIZABLE`; empty for the server's defaults
	 */
	transaction(statements: Statement[], modes: string): Promise<Result[]>;
	/** Runs a script of several statements without parameters. */
	script(sql: string): Promise<void>;
	close(): Promise<void>;
}

/**
 * PGlite: PostgreSQL inside this process, one query at a time.
 * @param storage a directory to keep the data in (one process at a time), 'memory', or a dump of another PGlite to start from
 */
export async function pgliteBackend(storage: string | Blob): Promise<Backend & { dump(): Promise<Blob> }> {
	const db = await PGlite.create({
		...(typeof storage !== 'string'
			? { loadDataDir: storage }
			: storage === 'memory'
				? {}
				: { dataDir: storage }),
		extensions: { pg_trgm },
	});
	// PGlite turns values into JavaScript and back by type. The driver does that itself from text, so every type gets
	// the identity here.
	const types = await db.query<{ oid: number }>('select oid::int from pg_type');
	const parsers = Object.fromEntries(types.rows.map(({ oid }) => [oid, (text: string) => text]));
	const serializers = Object.fromEntries(types.rows.map(({ oid }) => [oid, String]));

	async function run(on: PGlite | Transaction, { query, params }: Statement): Promise<Result> {
		const answer = await on.query<(string | null)[]>(query, params, {
			rowMode: 'array',
			parsers,
			serializers,
		});
		return {
			fields: answer.fields,
			rows: answer.rows,
			command: answer.command ?? '',
			rowCount: answer.rowCount ?? answer.rows.length,
		};
	}

	return {
		query: (statement) => run(db, statement),
		transaction: (statements, modes) =>
			db.transaction(async (tx) => {
				if (modes) await tx.exec(`SET TRANSACTION ${modes}`);
				const results: Result[] = [];
				for (const statement of statements) results.push(await run(tx, statement));
				return results;
			}),
		script: async (sql) => void (await db.exec(sql)),
		close: () => db.close(),
		dump: () => db.dumpDataDir('none'),
	};
}

/** A PostgreSQL server, through a pool of connections. */
export function postgresBackend(url: string, connections = 20): Backend {
	const pool = new pg.Pool({
		connectionString: url,
		max: connections,
		connectionTimeoutMillis: 10_000,
		types: { getTypeParser: () => (value: unknown) => value },
	});
	// A server that goes away breaks idle connections too; the pool replaces them, but would throw without a listener.
	pool.on('error', () => {});

	async function run(on: pg.Pool | pg.PoolClient, { query, params }: Statement): Promise<Result> {
		const answer = await on.query<(string | null)[]>({ text: query, values: params, rowMode: 'array' });
		return {
			fields: answer.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID })),
			rows: answer.rows,
			command: answer.command ?? '',
			rowCount: answer.rowCount ?? answer.rows.length,
		};
	}

	return {
		query: (statement) => run(pool, statement),
		async transaction(statements, modes) {
			const client = await pool.connect();
			let broken: Error | undefined;
			try {
				await client.query(modes ? `BEGIN ${modes}` : 'BEGIN');
				const results: Result[] = [];
				for (const statement of statements) results.push(await run(client, statement));
				await client.query('COMMIT');
				return results;
			} catch (error) {
				await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
				throw error;
			} finally {
				client.release(broken);
			}
		},
		script: async (sql) => void (await pool.query(sql)),
		close: () => pool.end(),
	};
}
