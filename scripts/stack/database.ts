import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { neon } from '@neondatabase/serverless';
import { pgliteBackend, postgresBackend, type Backend } from '../database/backends.ts';
import { serve } from '../database/gateway.ts';
import { migrate } from '../database/migrate.ts';
import { Trouble } from './say.ts';
import { dataFolder, root } from './settings.ts';

export interface Database {
	/** What it is, for people. */
	name: string;
	/** What the Worker is told. */
	variables: { DATABASE_URL: string; NEON_SQL_ENDPOINT?: string };
	/** Brings its tables up to date. @returns the migrations that were applied now */
	migrate(): Promise<string[]>;
	close(): Promise<void>;
}

/** The embedded database does not look at it, but the driver wants one. */
const EMBEDDED_URL = 'postgres://kith:kith@localhost/kith';

/**
 * Opens the database: the embedded one without a URL, Neon itself, or any other server behind the local gateway.
 * @throws Trouble when the URL is wrong or nothing useful answers there
 */
export async function openDatabase(url: string | undefined): Promise<Database> {
	if (!url) return behindGateway(await embedded(), EMBEDDED_URL);
	const { hostname, host, pathname } = parseDatabaseUrl(url);
	const where = `${host}, database ${decodeURIComponent(pathname.slice(1))}`;

	if (isNeon(hostname)) {
		await ask(where, () => neon(url).query('select 1'));
		return {
			name: `Neon at ${hostname}`,
			variables: { DATABASE_URL: url },
			migrate: () => inWords(migrate(url)),
			close: async () => {},
		};
	}
	const backend = postgresBackend(url);
	try {
		await ask(where, () => backend.query({ query: 'select 1', params: [] }));
	} catch (error) {
		await backend.close();
		throw error;
	}
	return behindGateway({ backend, name: `Postgres at ${where}` }, url);
}

/** @throws Trouble when it is not the URL of a Postgres database */
export function parseDatabaseUrl(url: string): URL {
	const form = 'postgres://user:password@host:5432/database';
	if (!URL.canParse(url)) throw new Trouble(`DATABASE_URL is not a URL. It looks like ${form}.`);
	const parsed = new URL(url);
	if (!['postgres:', 'postgresql:'].includes(parsed.protocol))
		throw new Trouble(
			`DATABASE_URL begins with ${parsed.protocol}// and not with postgres://. It looks like ${form}.`,
		);
	if (!parsed.hostname) throw new Trouble(`DATABASE_URL names no server. It looks like ${form}.`);
	if (!parsed.username) throw new Trouble(`DATABASE_URL names no user. It looks like ${form}.`);
	if (parsed.pathname.length < 2) throw new Trouble(`DATABASE_URL names no database. It looks like ${form}.`);
	return parsed;
}

export function isNeon(hostname: string): boolean {
	return hostname.endsWith('.neon.tech');
}

async function embedded(): Promise<{ backend: Backend; name: string }> {
	const folder = join(dataFolder(), 'postgres');
	const shown = relative(root, folder);
	mkdirSync(folder, { recursive: true });
	try {
		return { backend: await pgliteBackend(folder), name: `embedded Postgres, data in ${shown}` };
	} catch (error) {
		throw new Trouble(
			`The embedded database in ${shown} does not open (${reason(error)}). If nothing in it is needed, delete that folder and start again.`,
		);
	}
}

async function behindGateway(
	{ backend, name }: { backend: Backend; name: string },
	url: string,
): Promise<Database> {
	const gateway = await serve({ backend, port: 0 });
	return {
		name,
		variables: { DATABASE_URL: url, NEON_SQL_ENDPOINT: gateway.endpoint },
		migrate: () => inWords(migrate(backend)),
		close: async () => {
			await gateway.close();
			await backend.close();
		},
	};
}

function inWords<T>(migrating: Promise<T>): Promise<T> {
	return migrating.catch((error: unknown) => {
		throw new Trouble(`The database could not be brought up to date. ${reason(error)}.`);
	});
}

/** Asks a server whether it is there, and says in words why it is not. Never with the URL, which holds a password. */
async function ask(where: string, question: () => Promise<unknown>): Promise<void> {
	try {
		await question();
	} catch (error) {
		throw new Trouble(`The database of DATABASE_URL (${where}) cannot be used: ${explain(error)}`);
	}
}

function explain(error: unknown): string {
	// the driver for Neon keeps the cause under a name of its own
	const causeOf = (e: Error) => e.cause ?? ('sourceError' in e ? e.sourceError : undefined);
	for (let cause = error; cause instanceof Error; cause = causeOf(cause)) {
		const code = String('code' in cause ? cause.code : '');
		if (code === '3D000') return 'the server has no such database. Create it first.';
		if (code === '28P01' || code === '28000') return 'the server refuses this user or password.';
		if (code === 'ECONNREFUSED') return 'nothing listens there. Is the server running?';
		if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no server of that name.';
		if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || /timeout/i.test(cause.message))
			return 'the server does not answer.';
		if (cause instanceof AggregateError && cause.errors.length > 0) return explain(cause.errors[0]);
	}
	return `${reason(error)}.`;
}

function reason(error: unknown): string {
	const message = error instanceof Error ? error.message || error.name : String(error);
	return message.split('\n')[0]!.replace(/\.$/, '');
}
