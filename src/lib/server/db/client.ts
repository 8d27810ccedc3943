import { neon, NeonDbError, neonConfig } from '@neondatabase/serverless';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import { drizzle, type NeonHttpDatabase } from 'drizzle-orm/neon-http';
import type { Config } from '../config.ts';

/**
 * Postgres over HTTP: every statement is a request of its own, `db.batch` is one transaction in one request, and
 * `db.transaction` throws.
 */
export type Db = NeonHttpDatabase;

/** A database that takes longer to answer counts as out of reach. Neon wakes from its sleep within a few seconds. */
const PATIENCE = 10_000;

// The answer is read to its end in here, where the driver still takes a failure for what it is: a broken connection.
neonConfig.fetchFunction = async (url: string, init: RequestInit): Promise<Response> => {
	// Not AbortSignal.timeout: its timer would go on, and an object with a timer does not sleep.
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), PATIENCE);
	try {
		const answer = await fetch(url, { ...init, signal: stop.signal });
		return new Response(await answer.text(), { status: answer.status });
	} finally {
		clearTimeout(timer);
	}
};

/** Opens nothing yet: a connection is only an address. All databases of one process share one `sqlEndpoint`. */
export function connect(config: Pick<Config, 'databaseUrl' | 'sqlEndpoint'>): Db {
	if (config.sqlEndpoint) neonConfig.fetchEndpoint = config.sqlEndpoint;
	return drizzle({ client: neon(config.databaseUrl, { disableWarningInBrowsers: true }) });
}

/** Connection failures, shutting down, starting up, too many connections: the server's words for "not now". */
const NOT_NOW = /^(08...|57P0.|53300)$/;

/** Did the database not answer at all, as opposed to refusing a statement? */
export function isUnreachable(error: unknown): boolean {
	const reason = refusalOf(error);
	if (!reason) return false;
	if (reason.code) return NOT_NOW.test(reason.code);
	return reason.sourceError !== undefined || /^Server error \(HTTP status (5\d\d|429)\)/.test(reason.message);
}

/** The unique constraint or index that a statement ran into, or null when it failed for another reason. */
export function violatedUnique(error: unknown): string | null {
	const reason = refusalOf(error);
	return reason?.code === '23505' ? (reason.constraint ?? '') : null;
}

/** drizzle wraps what the driver throws for a single statement, and does not for a batch. */
function refusalOf(error: unknown): NeonDbError | null {
	const reason = error instanceof DrizzleQueryError ? error.cause : error;
	return reason instanceof NeonDbError ? reason : null;
}
