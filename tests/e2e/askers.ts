import { request as ask } from 'node:http';
import { Api, type Client } from './api.ts';
import { expect, identity } from './fixtures.ts';
import type { Server } from './server.ts';

/*
 * Everybody who could ask for something, and ways to ask that put nothing right, as a browser or `fetch` would.
 */

/** Somebody with an account, and the room that they have with ana. */
export interface Asker {
	client: Client;
	name: string;
	password: string;
	room: string;
}

export interface Cast {
	kith: Api;
	ana: Client;
	/** A new friend of ana's. Their room has one message: hers, with the id `HERS`. */
	member(name?: string): Promise<Asker>;
}

export const HERS = 'from-ana-1';
export const ONLY_FOR_US = 'only for the two of us';

export async function cast(server: Server): Promise<Cast> {
	const kith = await Api.at(server.url);
	const ana = await kith.register(identity('ana'));
	const member = async (named = 'bob') => {
		const person = identity(named);
		const client = await kith.register(person);
		await client.call('put /api/invitations/{person}', { path: { person: ana.id } });
		const accepted = await ana.call('post /api/invitations/{person}/accept', {
			path: { person: client.id },
		});
		const { room } = accepted.body as { room: string };
		const sent = await ana.call('put /api/rooms/{room}/messages/{id}', {
			path: { room, id: HERS },
			body: { body: { kind: 'text', text: ONLY_FOR_US } },
		});
		expect(sent.status).toBe(200);
		return { client, name: person.name, password: person.password, room };
	};
	return { kith, ana, member };
}

export interface Asking {
	method?: string;
	/** The access token: sent as a cookie and as a bearer token at once. */
	access?: string | undefined;
	form?: Record<string, string>;
	json?: unknown;
	/** Asks for a WebSocket, and hangs up when there is one. */
	upgrade?: boolean;
}

export interface Answered {
	status: number;
	location: string;
	text: string;
}

/** Asks for a path exactly as it stands. */
export function raw(server: Server, path: string, asking: Asking = {}): Promise<Answered> {
	const { method = 'GET', access, form, json, upgrade } = asking;
	const { hostname, port, origin } = new URL(server.url);
	const headers: Record<string, string> = { origin, accept: 'text/html' };
	let body: string | undefined;
	if (form) {
		headers['content-type'] = 'application/x-www-form-urlencoded';
		body = new URLSearchParams(form).toString();
	} else if (json !== undefined) {
		headers['content-type'] = 'application/json';
		body = JSON.stringify(json);
	}
	// Without a length otherwise: bytes are not taken so.
	if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
	else if (method !== 'GET') headers['transfer-encoding'] = 'chunked';
	if (access !== undefined) {
		headers.cookie = `__Host-kith-access=${access}`;
		headers.authorization = `Bearer ${access}`;
	}
	if (upgrade)
		Object.assign(headers, {
			connection: 'Upgrade',
			upgrade: 'websocket',
			'sec-websocket-version': '13',
			'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
		});
	return new Promise((resolve, reject) => {
		const asked = ask({ hostname, port, path, method, headers });
		asked.on('response', (answer) => {
			let text = '';
			answer.setEncoding('utf8').on('data', (part: string) => (text += part));
			answer.on('end', () =>
				resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', text }),
			);
			answer.on('error', reject);
		});
		asked.on('upgrade', (answer, socket) => {
			socket.destroy();
			resolve({ status: answer.statusCode ?? 0, location: '', text: '' });
		});
		asked.on('error', reject);
		asked.end(body);
	});
}

type Frame = Record<string, unknown>;

/** A socket, and what came out of it. */
export class Line {
	readonly #socket: WebSocket;
	readonly #frames: Frame[] = [];
	#heard: () => void = () => {};
	/** The code with which it was closed. */
	readonly closed: Promise<number>;

	private constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.addEventListener('message', ({ data }) => {
			this.#frames.push(JSON.parse(String(data)) as Frame);
			this.#heard();
		});
		this.closed = new Promise((resolve) =>
			socket.addEventListener('close', ({ code }) => (resolve(code), this.#heard())),
		);
	}

	/** By a bearer token; it says hello, as every client does. @throws Error when it is refused */
	static async open(server: Server, path: string, access: string): Promise<Line> {
		const socket = new WebSocket(server.url.replace('http', 'ws') + path, ['kith.v1', `bearer.${access}`]);
		const line = new Line(socket);
		await new Promise((resolve, reject) => {
			socket.addEventListener('open', resolve);
			socket.addEventListener('error', () => reject(new Error(`${path} did not open`)));
		});
		line.say({ type: 'hello', last: 0, revision: 0, active: true, idle: 0 });
		await line.hears(path === '/ws/inbox' ? 'state' : 'sync');
		return line;
	}

	say(frame: object | string): void {
		this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
	}

	/** The next frame of this type, or the next refusal for this reason; what comes before it is dropped. */
	async hears(answer: string): Promise<Frame> {
		for (;;) {
			for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift())
				if (frame.type === answer || frame.code === answer) return frame;
			if (this.#socket.readyState === WebSocket.CLOSED) throw new Error(`Closed, and no ${answer}.`);
			await new Promise<void>((resolve) => (this.#heard = resolve));
		}
	}

	/** Everything that comes until the answer to what is said last. */
	async untilMarked(): Promise<Frame[]> {
		this.say('no frame at all');
		await new Promise<void>((resolve) => {
			this.#heard = () => this.#frames.some(({ code }) => code === 'malformed') && resolve();
			this.#heard();
		});
		const at = this.#frames.findIndex(({ code }) => code === 'malformed');
		return this.#frames.splice(0, at + 1).slice(0, at);
	}

	close(): void {
		this.#socket.close();
	}
}
