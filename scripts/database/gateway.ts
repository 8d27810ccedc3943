import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backend, Result, Statement } from './backends.ts';

/**
 * A small stand-in for Neon's HTTP endpoint (`POST /sql`), so that @neondatabase/serverless runs against any Postgres.
 * It listens on this machine only and asks for no password: whoever can reach it can read the database.
 */

export interface Gateway {
	port: number;
	/** What NEON_SQL_ENDPOINT is set to. */
	endpoint: string;
	/** Stops answering. The backend stays open: its owner closes it. */
	close(): Promise<void>;
}

const BODY_MAX = 8 * 1024 * 1024;
const ISOLATION: Record<string, string> = {
	ReadUncommitted: 'READ UNCOMMITTED',
	ReadCommitted: 'READ COMMITTED',
	RepeatableRead: 'REPEATABLE READ',
	Serializable: 'SERIALIZABLE',
};

/**
 * Starts answering.
 * @param port 0 takes any free one
 * @throws the error of `listen` when the port is taken (`code` is EADDRINUSE)
 */
export async function serve({ backend, port }: { backend: Backend; port: number }): Promise<Gateway> {
	const server = createServer((request, response) => {
		answer(backend, request).then(
			(body) => reply(response, 200, body),
			(error: unknown) => reply(response, ...refusal(error)),
		);
	});
	// Kept longer than any client keeps an idle connection, so that none is cut just as a request is written to it.
	server.keepAliveTimeout = 120_000;
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
	const { port: taken } = server.address() as AddressInfo;
	return {
		port: taken,
		endpoint: `http://127.0.0.1:${taken}/sql`,
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
			}),
	};
}

class Refused extends Error {
	readonly status: number;
	constructor(status: number, message: string) {
		super(message);
		this.status = status;
	}
}

async function answer(backend: Backend, request: IncomingMessage): Promise<unknown> {
	if (request.url !== '/sql') throw new Refused(404, 'There is only /sql here.');
	if (request.method !== 'POST') throw new Refused(405, 'Only POST is answered.');
	// A page in a browser on this machine could post here, but not with this header: that needs a preflight, which fails.
	if (!request.headers['neon-connection-string'])
		throw new Refused(403, 'The connection string header is missing.');

	const body = parse(await read(request));
	if (!('queries' in body)) return neonResult(await backend.query(statement(body)));
	if (!Array.isArray(body.queries)) throw new Refused(422, '`queries` must be a list.');
	const results = await backend.transaction(body.queries.map(statement), modesOf(request));
	return { results: results.map(neonResult) };
}

async function read(request: IncomingMessage): Promise<string> {
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of request as AsyncIterable<Buffer>) {
		size += chunk.length;
		if (size <= BODY_MAX) chunks.push(chunk);
	}
	// Only now: an answer before the end of the request would leave the connection in a state that the next one hangs in.
	if (size > BODY_MAX) throw new Refused(413, 'The request is too big.');
	return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): object {
	let json: unknown;
	try {
		json = JSON.parse(text);
	} catch {
		throw new Refused(422, 'The body is not JSON.');
	}
	if (typeof json !== 'object' || json === null) throw new Refused(422, 'The body is not an object.');
	return json;
}

function statement(json: unknown): Statement {
	if (typeof json !== 'object' || json === null || !('query' in json) || typeof json.query !== 'string')
		throw new Refused(422, '`query` must be text.');
	const params: unknown = 'params' in json ? json.params : [];
	if (!Array.isArray(params)) throw new Refused(422, '`params` must be a list.');
	return {
		query: json.query,
		params: params.map((value: unknown) =>
			value === null || value === undefined
				? null
				: typeof value === 'object'
					? JSON.stringify(value)
					: String(value),
		),
	};
}

function modesOf({ headers }: IncomingMessage): string {
	const isolation = ISOLATION[String(headers['neon-batch-isolation-level'])];
	return [
		isolation && `ISOLATION LEVEL ${isolation}`,
		headers['neon-batch-read-only'] === 'true' && 'READ ONLY',
		headers['neon-batch-deferrable'] === 'true' && 'DEFERRABLE',
	]
		.filter(Boolean)
		.join(', ');
}

const neonResult = (result: Result) => ({ ...result, rowAsArray: true });

const ERROR_FIELDS = [
	...[
		'severity',
		'code',
		'detail',
		'hint',
		'position',
		'internalPosition',
		'internalQuery',
		'where',
		'schema',
	],
	...['table', 'column', 'dataType', 'constraint', 'file', 'line', 'routine'],
];

/** 400 is a statement that Postgres refused, 5xx a database that did not answer. */
function refusal(error: unknown): [status: number, body: object] {
	if (error instanceof Refused) return [error.status, { message: error.message }];
	const message = error instanceof Error ? error.message || String(error) : String(error);
	const details = error as Record<string, unknown>;
	const isSqlState =
		typeof details.code === 'string' && /^[0-9A-Z]{5}$/.test(details.code) && 'severity' in details;
	if (!isSqlState) return [503, { message }];
	return [400, { message, ...Object.fromEntries(ERROR_FIELDS.map((field) => [field, details[field]])) }];
}

function reply(response: ServerResponse, status: number, body: unknown): void {
	response.writeHead(status, { 'content-type': 'application/json' });
	response.end(JSON.stringify(body));
}
