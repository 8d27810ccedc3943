import { readIce } from './turn.ts';
import { zegoSources } from './zego-sources.ts';
import { readZego } from './zego-token.ts';

/** So many tries of one kind within a window. */
export interface Limit {
	max: number;
	windowSeconds: number;
}

export interface Config {
	databaseUrl: string;
	/** Where to send SQL instead of Neon's own endpoint: the gateway of a local database. */
	sqlEndpoint?: string;
	/** Signs access tokens. */
	sessionSecret: Uint8Array;
	limits: {
		loginPerAccount: Limit;
		loginPerAddress: Limit;
		registerPerAddress: Limit;
		resetPerAddress: Limit;
	};
	/** The address that mail comes from; with the binding EMAIL, what makes mail go out. */
	mailFrom?: string;
	calls: {
		/** What pages connect to beside Kith itself. */
		sources: string[];
		/** Do they go through a relay, which hides each side's address: always, when a device wants it, or never? */
		relay: 'always' | 'possible' | 'none';
	};
}

const SECRET_MIN = 32;

/**
 * Reads the configuration, the only place that does.
 * @param env variables and secrets of the Worker
 * @throws Error with one plain sentence when something is missing or malformed; it never repeats a secret
 */
export function read(env: Record<string, unknown>): Config {
	const databaseUrl = text(env, 'DATABASE_URL');
	if (databaseUrl === '') throw new Error('DATABASE_URL is not set: Kith needs a Postgres database.');
	if (!isPostgresUrl(databaseUrl))
		throw new Error('DATABASE_URL does not look like postgres://person:password@host/database.');

	const secret = text(env, 'SESSION_SECRET');
	if (secret === '') throw new Error('SESSION_SECRET is not set: Kith needs it to sign sessions.');
	if (secret.length < SECRET_MIN)
		throw new Error(`SESSION_SECRET is too short: give it at least ${SECRET_MIN} random characters.`);

	const sqlEndpoint = text(env, 'NEON_SQL_ENDPOINT');
	if (sqlEndpoint !== '' && !URL.canParse(sqlEndpoint)) throw new Error('NEON_SQL_ENDPOINT is not a URL.');

	const mailFrom = text(env, 'MAIL_FROM');
	const zego = readZego(env);
	const ice = readIce(env);

	return {
		databaseUrl,
		...(sqlEndpoint && { sqlEndpoint }),
		...(mailFrom && { mailFrom }),
		calls: {
			sources: zego ? zegoSources(zego) : [],
			relay: zego || ice.relayOnly ? 'always' : ice.turn ? 'possible' : 'none',
		},
		sessionSecret: new TextEncoder().encode(secret),
		limits: {
			loginPerAccount: limit(env, 'LOGIN_PER_ACCOUNT', { max: 10, windowSeconds: 15 * 60 }),
			loginPerAddress: limit(env, 'LOGIN_PER_ADDRESS', { max: 100, windowSeconds: 15 * 60 }),
			registerPerAddress: limit(env, 'REGISTER_PER_ADDRESS', { max: 20, windowSeconds: 60 * 60 }),
			resetPerAddress: limit(env, 'RESET_PER_ADDRESS', { max: 10, windowSeconds: 60 * 60 }),
		},
	};
}

function text(env: Record<string, unknown>, name: string): string {
	const value = env[name];
	return typeof value === 'string' ? value.trim() : '';
}

function isPostgresUrl(text: string): boolean {
	if (!URL.canParse(text)) return false;
	const { protocol, hostname, username, pathname } = new URL(text);
	return /^postgres(ql)?:$/.test(protocol) && hostname !== '' && username !== '' && pathname.length > 1;
}

/** `10/900` is ten within 900 seconds. */
function limit(env: Record<string, unknown>, name: string, usual: Limit): Limit {
	const value = text(env, name);
	if (value === '') return usual;
	const [, max, windowSeconds] = /^([1-9]\d{0,6})\/([1-9]\d{0,6})$/.exec(value) ?? [];
	if (!max || !windowSeconds)
		throw new Error(`${name} must be a count and a number of seconds, for example 10/900.`);
	return { max: Number(max), windowSeconds: Number(windowSeconds) };
}
