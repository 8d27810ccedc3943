import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { Trouble } from './say.ts';

export const root = resolve(import.meta.dirname, '../..');

/** What is made up when nobody has set it. */
const SECRETS = ['SESSION_SECRET'];

const HEADING = '# Settings of this machine. .dev.vars.example explains them all.\n';
/** In production an address is a household; here it is everybody. */
const LIMITS = 'REGISTER_PER_ADDRESS=1000/3600\nLOGIN_PER_ADDRESS=10000/900\n';

/**
 * Where this machine keeps everything: database, objects, pictures. KITH_DATA names another place, which then has its
 * own .dev.vars too: a second Kith beside the first.
 */
export function dataFolder(): string {
	return resolve(root, process.env.KITH_DATA || '.data');
}

function settingsFile(): string {
	return process.env.KITH_DATA ? join(dataFolder(), '.dev.vars') : join(root, '.dev.vars');
}

/** Every setting there is: .dev.vars.example has them all, most of them commented out. */
export function settingNames(): string[] {
	const example = readFileSync(join(root, '.dev.vars.example'), 'utf8');
	return [...example.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name as string);
}

/** Makes .dev.vars, or adds the secrets that it lacks. */
export function makeSettings(): 'made' | 'completed' | 'complete' {
	const file = settingsFile();
	const existed = existsSync(file);
	const present = existed ? readFileSync(file, 'utf8') : '';
	const missing = SECRETS.filter((name) => !parseEnv(present)[name]);
	if (missing.length === 0) return 'complete';

	const secrets = missing.map((name) => `${name}=${randomBytes(48).toString('base64url')}\n`).join('');
	if (existed) appendFileSync(file, (present === '' || present.endsWith('\n') ? '' : '\n') + secrets);
	else writeFileSync(file, HEADING + secrets + LIMITS, { mode: 0o600 });
	return existed ? 'completed' : 'made';
}

/** The settings in force: .dev.vars, and over it the environment. An empty one can mean something: STUN_URLS does. */
export function readSettings(): Record<string, string> {
	const file = settingsFile();
	const settings: Record<string, string> = {};
	for (const [name, value] of Object.entries(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}))
		if (value !== undefined) settings[name] = value;
	for (const name of settingNames()) {
		const value = process.env[name];
		if (value !== undefined) settings[name] = value;
	}
	return settings;
}

/** A TCP port from the environment. @throws Trouble when it is none */
export function port(name: string, otherwise: number): number {
	const text = process.env[name];
	if (!text) return otherwise;
	const number = Number(text);
	if (!Number.isInteger(number) || number < 1 || number > 65_535)
		throw new Trouble(`${name} is "${text}", which is no port: choose a number from 1 to 65535.`);
	return number;
}

/**
 * Writes the file that tells wrangler the variables of the Worker: not git's, and nobody else's on this machine.
 * @returns its path
 */
export function writeVariables(variables: Record<string, string>): string {
	const file = join(dataFolder(), 'worker.env');
	const lines = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)}\n`);
	writeFileSync(file, lines.join(''), { mode: 0o600 });
	return file;
}

function quoted(value: string): string {
	for (const mark of ["'", '"', '`']) if (!value.includes(mark)) return mark + value + mark;
	throw new Trouble('A setting holds all three kinds of quotation marks: that cannot be handed to wrangler.');
}
