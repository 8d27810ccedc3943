import type { GenericSchema } from 'valibot';
import * as contract from '#lib/api/contract.ts';
import { read, sources } from '../routes.ts';
import { frame } from './frames.ts';
import type { Random } from './random.ts';
import { anything, bytes, oddText } from './values.ts';

/*
 * Requests for every address the app has, as it should get them and as it should not.
 */

export interface Asked {
	method: string;
	/** Path and query, in printable ASCII. */
	path: string;
	headers: Record<string, string>;
	body?: string | Uint8Array;
}

/** Whose cookies and tokens there are, and what they have. */
export interface Known {
	host: string;
	access: string[];
	refresh: string[];
	people: string[];
	rooms: string[];
	messages: string[];
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Names that forms and queries are read by. */
const fields = [
	...new Set(
		sources
			.filter((path) => path.endsWith('.ts'))
			.flatMap((path) => [...read(path).matchAll(/(?:\bform, |\.get\(|\.getAll\()'([\w-]+)'/g)])
			.map(([, name]) => name!),
	),
];

const schemas = (Object.values(contract) as unknown[]).filter(
	(value): value is GenericSchema =>
		typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'schema',
);

const MALFORMED = [
	'%',
	'%E0%A4%A',
	'%00',
	'%2F',
	'%2e%2e/',
	'..',
	'.',
	'//',
	'%C3%28',
	'%ud800',
	';',
	'%0d%0a',
];

/** One path segment or one value of a query. */
function part(random: Random): string {
	return random.chance(0.2) ? random.pick(MALFORMED) : encodeURIComponent(oddText(random).toWellFormed());
}

function filled(name: string, known: Known, random: Random): string {
	if (random.chance(0.25)) return part(random).slice(0, 8_000);
	const lists: Record<string, string[]> = { room: known.rooms, person: known.people, id: known.messages };
	const list = lists[name] ?? [...known.rooms, ...known.people, ...known.messages];
	return random.pick(list);
}

function query(random: Random, known: Known): string {
	if (random.chance(0.6)) return '';
	const pairs = random.list(4, () => {
		const name = random.chance(0.8) ? random.pick(fields) : part(random);
		const value = random.chance(0.3)
			? filled(name, known, random)
			: random.chance(0.5)
				? random.pick(['1', '0', '-1', '50', '1e9', '18014398509481984', 'true', '/chats', '//evil.example'])
				: part(random);
		return random.chance(0.1) ? name : `${name}=${value}`;
	});
	if (random.chance(0.2)) pairs.push(`x-sveltekit-invalidated=${random.pick(['1', '01', '111', '2', ''])}`);
	return pairs.join('&').slice(0, 10_000);
}

function body(random: Random, known: Known): { type?: string; body?: string | Uint8Array } {
	const value = (name: string) =>
		random.chance(0.4) ? decoded(filled(name, known, random)) : oddText(random).toWellFormed();
	const pairs = () => [...fields.filter(() => random.chance(0.5)), ...random.list(2, () => oddText(random))];
	switch (random.upTo(6)) {
		case 0:
			return {};
		case 1: {
			const form = new URLSearchParams(pairs().map((name) => [name, value(name)]));
			return { type: 'application/x-www-form-urlencoded', body: form.toString() };
		}
		case 2: {
			const boundary = 'a-boundary';
			const parts = pairs().map(
				(name) =>
					`--${boundary}\r\ncontent-disposition: form-data; name="${name.replace(/[^\w-]/g, '')}"${random.pick(['', '; filename="x.png"'])}\r\n\r\n${value(name)}\r\n`,
			);
			const end = random.chance(0.8) ? `--${boundary}--\r\n` : '';
			return { type: `multipart/form-data; boundary=${boundary}`, body: parts.join('') + end };
		}
		case 3: {
			const made = frame(random.pick(schemas), random);
			return { type: 'application/json', body: typeof made === 'string' ? made : new Uint8Array(made) };
		}
		case 4:
			return { type: random.pick(TYPES), body: JSON.stringify(anything(random)) };
		default:
			return { type: random.pick(TYPES), body: bytes(random, random.chance(0.02) ? 200_000 : 300) };
	}
}

const TYPES = [
	'application/json',
	'application/x-www-form-urlencoded',
	'multipart/form-data',
	'multipart/form-data; boundary=',
	'text/plain',
	'image/png',
	'image/jpeg',
	'audio/mp4',
	'video/mp4',
	'application/octet-stream',
	'nonsense',
	';',
];

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

const printable = (text: string) => text.replace(/[^\u0020-\u007e]/g, '?').trim();

/** One request: which depends on nothing but what is known and the random choices. */
export function request(all: readonly string[], known: Known, random: Random): Asked {
	const template = random.chance(0.97) ? random.pick(all) : `/${part(random)}`;
	const path = template.replace(/\[+(?:\.\.\.)?(\w+)[^\]]*\]+|:(\w+)(?:\{[^}]*\})?|\*/g, (_, one, other) =>
		filled(one ?? other ?? '', known, random),
	);
	const asked = query(random, known);
	const action = template.includes('?/');
	const method = action && random.chance(0.9) ? 'POST' : random.pick(METHODS);

	const headers: Record<string, string> = {};
	const origin = random.next();
	if (origin < 0.7) headers.origin = `http://${known.host}`;
	else if (origin < 0.8)
		headers.origin = random.pick(['https://evil.example', 'null', 'nonsense', 'http://']);
	const token = () =>
		random.chance(0.9) ? random.pick(known.access) : printable(oddText(random)).slice(0, 2_000);
	const who = random.next();
	if (who < 0.5) headers.cookie = `__Host-kith-access=${token().replace(/[;,]/g, '')}`;
	else if (who < 0.75) headers.authorization = `Bearer ${token()}`;
	else if (who < 0.8)
		headers.cookie = `__Host-kith-refresh=${random.pick([...known.refresh, 'x', '.', 'a.b'])}`;
	else if (who < 0.85) headers.cookie = printable(oddText(random)).slice(0, 2_000);
	if (random.chance(0.1)) headers['x-sveltekit-action'] = 'true';
	if (random.chance(0.1)) headers['x-kith-person'] = random.pick(known.people);
	if (random.chance(0.1))
		headers.range = random.pick(['bytes=0-', 'bytes=-1', 'bytes=9-1', 'bytes=x', 'lines=1']);
	if (random.chance(0.2))
		headers.accept = random.pick(['application/json', 'text/html', '*/*', 'nonsense', ';q=']);
	if (random.chance(0.1)) headers['user-agent'] = printable(oddText(random)).slice(0, 1_000);
	if (random.chance(0.05)) headers['if-none-match'] = printable(oddText(random)).slice(0, 200);
	if (path.startsWith('/ws/') ? random.chance(0.7) : random.chance(0.02)) {
		headers.connection = 'Upgrade';
		headers.upgrade = random.pick(['websocket', 'websocket', 'h2c']);
		headers['sec-websocket-version'] = '13';
		headers['sec-websocket-key'] = 'dGhlIHNhbXBsZSBub25jZQ==';
		const offered = [
			'kith.v1',
			'other',
			`bearer.${random.pick(known.access)}`,
			'bearer.',
			printable(oddText(random)),
		];
		if (random.chance(0.8))
			headers['sec-websocket-protocol'] = random
				.list(3, () => random.pick(offered).slice(0, 2_000))
				.join(', ');
	}

	const sent = method === 'GET' || method === 'HEAD' || headers.upgrade ? {} : body(random, known);
	if (sent.type) headers['content-type'] = sent.type;
	return {
		method: headers.upgrade ? 'GET' : method,
		path: `${path.replace(/[^\u0021-\u007e]/g, '_')}${asked ? (path.includes('?') ? '&' : '?') : ''}${asked.replace(/[^\u0021-\u007e]/g, '_')}`,
		headers,
		...(sent.body === undefined ? {} : { body: sent.body }),
	};
}
