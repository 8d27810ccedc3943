import { env, exports } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { vi } from 'vitest';
import { SUBPROTOCOL, encode, parseServerFrame } from '#lib/chat/protocol.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { roomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import * as people from '#lib/server/people.ts';
import * as sessions from '#lib/server/sessions.ts';
import type { Env } from './env.ts';
import type { Room } from './room/room-object.ts';
import { prepare } from './room/room-schema.ts';
import { RoomStore } from './room/room-store.ts';
import { door } from './session.ts';

declare global {
	namespace Cloudflare {
		interface Env extends Bindings {}
		interface GlobalProps {
			mainModule: typeof import('./test-entry.ts');
		}
	}
}
type Bindings = Env;

/** Two friends, and eve, who exists and is nobody's friend here. */
export const ana = 'ana00000';
export const bob = 'bob00000';
export const eve = 'eve00000';

export const ORIGIN = 'http://kith.test';

let rooms = 0;
/** Two new people and the name of their room, so that tests of one file do not meet. */
export function newPair(): { ana: PersonId; bob: PersonId; room: RoomName } {
	const number = String(++rooms).padStart(5, '0');
	const [one, other] = [`ana${number}`, `bob${number}`];
	return { ana: one, bob: other, room: roomName(one, other) };
}

/** Two new people whose friendship the room has been told of. */
export async function newFriends(): Promise<ReturnType<typeof newPair>> {
	const pair = newPair();
	await env.ROOMS.getByName(pair.room).setStatus({ open: true, epoch: 1 });
	return pair;
}

/** From here on in this file nobody answers for the database: whatever asks it fails. Returns what it is asked. */
export function withoutDatabase() {
	return vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('The network connection was lost.'));
}

/** Registers somebody for real and logs them in. */
export async function register(username: string): Promise<{ id: PersonId; access: string; refresh: string }> {
	const { db, config } = door(env);
	const email = `${username}@kith.test`;
	const made = await people.register(db, { username, email, password: 'three green apples' }, new Date());
	if (!made.ok) throw new Error(`Not registered: ${JSON.stringify(made)}`);
	const { id } = made.person;
	const { access, refresh } = await sessions.open(db, config, id, 'a test', new Date());
	return { id, access, refresh };
}

/** Runs `work` on the SQLite of a room object of its own. */
export function inStore<T>(work: (store: RoomStore, sql: SqlStorage) => T | Promise<T>): Promise<T> {
	const stub: DurableObjectStub<Room> = env.ROOMS.getByName(newPair().room);
	return runInDurableObject(stub, (_, { storage }) => {
		prepare(storage);
		const store = new RoomStore(storage.sql);
		store.setStatus({ open: true, epoch: 1 });
		return work(store, storage.sql);
	});
}

/** Asks for an upgrade as a client would. */
export function knock(path: string, headers: Record<string, string> = {}): Promise<Response> {
	return exports.default.fetch(
		new Request(ORIGIN + path, {
			headers: { upgrade: 'websocket', origin: ORIGIN, host: 'kith.test', ...headers },
		}),
	);
}

/** One open socket and everything that came out of it. */
export class Tab {
	readonly frames: ServerFrame[] = [];
	/** Texts that are no frames, such as the automatic pong. */
	readonly texts: string[] = [];
	readonly closed: Promise<{ code: number; reason: string }>;
	readonly socket: WebSocket;
	#read = 0;
	#wake: () => void = () => {};

	constructor(socket: WebSocket) {
		this.socket = socket;
		socket.addEventListener('message', ({ data }) => {
			const frame = parseServerFrame(data);
			if (frame) this.frames.push(frame);
			else this.texts.push(String(data));
			this.#wake();
		});
		this.closed = new Promise((done) =>
			socket.addEventListener('close', ({ code, reason }) => done({ code, reason })),
		);
		socket.accept();
	}

	say(...frames: ClientFrame[]): void {
		for (const frame of frames) this.socket.send(encode(frame));
	}

	/** Sends something that need not be a frame. */
	shout(data: string | ArrayBuffer): void {
		this.socket.send(data);
	}

	/** The next frame that no earlier call has returned. */
	async next(): Promise<ServerFrame> {
		await this.#until(() => this.frames.length > this.#read);
		return this.frames[this.#read++]!;
	}

	async nextText(): Promise<string> {
		await this.#until(() => this.texts.length > 0);
		return this.texts.shift()!;
	}

	/** Says hello and returns every frame up to its answer: nothing that was said before can still be on the way then. */
	async settle(): Promise<ServerFrame[]> {
		this.say({ type: 'hello', last: 0, revision: 0 });
		const heard: ServerFrame[] = [];
		for (;;) {
			const frame = await this.next();
			if (frame.type === 'sync') return heard;
			heard.push(frame);
		}
	}

	async #until(ready: () => boolean): Promise<void> {
		const deadline = Date.now() + 3000;
		while (!ready()) {
			const left = deadline - Date.now();
			if (left <= 0) throw new Error(`Nothing more came after ${JSON.stringify(this.frames.slice(-3))}`);
			await new Promise<void>((done) => {
				const timer = setTimeout(done, left);
				this.#wake = () => (clearTimeout(timer), done());
			});
		}
	}
}

/** Opens a socket of a member straight at the object, as the route does once it has let them through. */
export async function join(
	room: RoomName,
	person: PersonId,
	device: string = crypto.randomUUID(),
	session = 'session1',
): Promise<Tab> {
	const answer = await env.ROOMS.getByName(room).fetch('http://room/', {
		headers: {
			upgrade: 'websocket',
			'x-kith-person': person,
			'x-kith-session': session,
			'x-kith-device': device,
			'x-kith-room': room,
		},
	});
	if (!answer.webSocket) throw new Error(`No socket: ${answer.status} ${await answer.text()}`);
	return new Tab(answer.webSocket);
}

export const protocol = { 'sec-websocket-protocol': SUBPROTOCOL };

export const text = (words: string) => ({ kind: 'text' as const, text: words });
