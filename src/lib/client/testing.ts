import { DatabaseSync } from 'node:sqlite';
import { vi } from 'vitest';
import { FLOOD_BURST } from '#lib/chat/limits.ts';
import type { Message } from '#lib/chat/message.ts';
import {
	CLOSE,
	encode,
	parseClientFrame,
	PING,
	PONG,
	type ClientFrame,
	type CloseReason,
	type Refusal,
	type ServerFrame,
} from '#lib/chat/protocol.ts';
import { friendIn, roomName, type PersonId } from '#lib/chat/room-name.ts';
import type { History } from '#lib/chat/rpc.ts';
import { Outbox } from './outbox.ts';
import { loadSockets } from './socket.ts';
import type { Surroundings } from './surroundings.ts';

// Tests keep the time; loading does not.
await loadSockets();

export const ana = 'ana00000';
export const bob = 'bob00000';
export const room = roomName(ana, bob);

/** A browser's end of a line that a test holds the other end of. */
export class FakeSocket extends EventTarget {
	static readonly CONNECTING = 0;
	static readonly OPEN = 1;
	static readonly CLOSING = 2;
	static readonly CLOSED = 3;
	readyState = 0;
	binaryType = 'blob';
	bufferedAmount = 0;
	extensions = '';
	protocol = '';
	readonly url: string;
	readonly protocols: string | string[] | undefined;
	readonly sent: string[] = [];
	/** What the test makes of what is sent. */
	heard: (text: string) => void = () => {};

	constructor(url: string, protocols?: string | string[]) {
		super();
		this.url = url;
		this.protocols = protocols;
	}

	send(text: string) {
		this.sent.push(text);
		this.heard(text);
	}

	/** By the page. Nothing more is heard; the close event would come much later. */
	close() {
		if (this.readyState < 2) this.readyState = 2;
	}

	accept() {
		this.readyState = 1;
		this.dispatchEvent(new Event('open'));
	}

	say(data: string) {
		if (this.readyState === 1) this.dispatchEvent(new MessageEvent('message', { data }));
	}

	/** By the server, which says why. */
	end(code: number) {
		if (this.readyState > 1) return;
		this.readyState = 3;
		this.dispatchEvent(new CloseEvent('close', { code, wasClean: true }));
	}

	/** The way browsers tell of an upgrade that was refused and of a line that broke. */
	fail() {
		if (this.readyState > 1) return;
		this.readyState = 3;
		this.dispatchEvent(new Event('error'));
		this.dispatchEvent(new CloseEvent('close', { code: 1006 }));
	}
}

/** A browser tab that a test plays. */
export class Place implements Surroundings {
	readonly window = new EventTarget();
	readonly document = Object.assign(new EventTarget(), {
		visibilityState: 'visible' as DocumentVisibilityState,
		focused: true,
		hasFocus() {
			return this.focused;
		},
	});
	readonly origin = 'https://kith.test';
	readonly sockets: FakeSocket[] = [];
	readonly asked: string[] = [];
	/** What /api/session answers; null where there is no network. */
	standing: { status: number; body?: unknown } | null = null;
	online = true;
	chance = 1;
	wentToLogin = 0;
	/** What happens to a line that is asked for. */
	connecting: (socket: FakeSocket) => void = () => {};

	readonly WebSocket: typeof WebSocket;

	constructor() {
		const asked = (socket: FakeSocket) => {
			this.sockets.push(socket);
			queueMicrotask(() => this.connecting(socket));
		};
		this.WebSocket = class extends FakeSocket {
			constructor(url: string, protocols?: string | string[]) {
				super(url, protocols);
				asked(this);
			}
		} as unknown as typeof WebSocket;
	}

	fetch = (async (input: string) => {
		this.asked.push(input);
		if (!this.standing) throw new TypeError('Failed to fetch');
		return new Response(JSON.stringify(this.standing.body ?? null), { status: this.standing.status });
	}) as typeof fetch;

	isOnline = () => this.online;
	random = () => this.chance;
	goToLogin = () => void this.wentToLogin++;

	get socket(): FakeSocket {
		return this.sockets.at(-1)!;
	}

	show(visibilityState: DocumentVisibilityState, focused = visibilityState === 'visible') {
		Object.assign(this.document, { visibilityState, focused });
		this.document.dispatchEvent(new Event('visibilitychange'));
		this.window.dispatchEvent(new Event(focused ? 'focus' : 'blur'));
	}
}

type Effect =
	{ do: 'tell'; whom: 'asker' | 'everybody'; frame: ServerFrame } | { do: 'close'; reason: CloseReason };
interface Rules {
	obey(store: unknown, frame: ClientFrame, asker: { person: string; friend: string }, now: number): Effect[];
	history(store: unknown, range: { before?: number; limit?: number }): History;
	setStatus(store: unknown, status: { open: boolean; epoch: number }): Effect[];
}

// Not by import statements: these are written for another platform's types.
const worker = new URL('../../../worker/room/', import.meta.url).href;
const load = <Module>(name: string) => import(/* @vite-ignore */ worker + name) as Promise<Module>;
const rules = await load<Rules>('room.ts');
const { RoomStore } = await load<{ RoomStore: new (sql: unknown) => unknown }>('room-store.ts');
const { prepare } = await load<{ prepare(storage: unknown): void }>('room-schema.ts');

/** A room with the rules of the real one, on a network that a test may cut. */
export class TestRoom {
	readonly #store: unknown;
	readonly #lines = new Map<FakeSocket, PersonId>();
	#epoch = 0;
	/** Nobody reaches it. */
	down = false;
	/** Frames it may still hear before it says `slow_down`. */
	bucket = FLOOD_BURST;
	/** Everything it heard, with who said it. */
	heard: [PersonId, ClientFrame][] = [];
	/** Looks at what was said to it; a reason refuses it. */
	refuses: (frame: ClientFrame, from: PersonId) => Refusal | null = () => null;
	/** Looks at what is about to be said; false loses it. */
	carries: (frame: ServerFrame, to: PersonId) => boolean = () => true;
	/** Looks at what was said to it; false loses it. */
	hears: (frame: ClientFrame, from: PersonId) => boolean = () => true;

	constructor() {
		const database = new DatabaseSync(':memory:');
		const sql = {
			exec(query: string, ...bound: (string | number)[]) {
				if (bound.length === 0 && query.includes(';')) return void database.exec(query);
				const rows = database.prepare(query).all(...bound);
				return { toArray: () => rows, one: () => rows[0] };
			},
		};
		prepare({ sql, transactionSync: (work: () => void) => work() });
		this.#store = new RoomStore(sql);
		this.setOpen(true);
	}

	/** A tab at this room. */
	place(person: PersonId): Place {
		const place = new Place();
		place.standing = { status: 200, body: { person, room: 'open' } };
		place.connecting = (socket) => this.connect(socket, person);
		return place;
	}

	connect(socket: FakeSocket, person: PersonId) {
		if (this.down) return socket.fail();
		this.#lines.set(socket, person);
		socket.heard = (text) => queueMicrotask(() => this.#hear(socket, person, text));
		socket.accept();
	}

	/** All lines break, as they do when the room's machine goes away. */
	restart() {
		for (const socket of this.#lines.keys()) socket.fail();
		this.#lines.clear();
	}

	setOpen(open: boolean) {
		this.#perform(rules.setStatus(this.#store, { open, epoch: ++this.#epoch }));
	}

	closeAll(reason: CloseReason) {
		this.#perform([{ do: 'close', reason }]);
	}

	history(limit?: number): History {
		return rules.history(this.#store, limit === undefined ? {} : { limit });
	}

	all(): Message[] {
		return rules.history(this.#store, { limit: 200 }).messages;
	}

	/** Somebody does something elsewhere. */
	act(person: PersonId, frame: ClientFrame) {
		this.#perform(rules.obey(this.#store, frame, { person, friend: friendIn(room, person)! }, Date.now()));
	}

	say(person: PersonId, text: string, id = `said-${crypto.randomUUID()}`) {
		this.act(person, { type: 'send', id, body: { kind: 'text', text } });
	}

	#hear(socket: FakeSocket, person: PersonId, text: string) {
		if (!this.#lines.has(socket) || socket.readyState !== 1) return;
		if (text === PING) return socket.say(PONG);
		const parsed = parseClientFrame(text);
		if (!parsed.ok) return socket.say(encode(parsed.refused));
		const { frame } = parsed;
		if (!this.hears(frame, person)) return;
		this.heard.push([person, frame]);
		const id = 'id' in frame ? { id: frame.id } : {};
		const code = this.refuses(frame, person);
		if (code) return socket.say(encode({ type: 'refused', code, ...id }));
		if (this.bucket-- <= 0) {
			return socket.say(encode({ type: 'refused', code: 'slow_down', retryAfter: 100, ...id }));
		}
		const asker = { person, friend: friendIn(room, person)! };
		this.#perform(rules.obey(this.#store, frame, asker, Date.now()), socket);
	}

	#perform(effects: Effect[], asker?: FakeSocket) {
		for (const effect of effects) {
			if (effect.do === 'close') {
				for (const socket of this.#lines.keys()) socket.end(CLOSE[effect.reason].code);
				this.#lines.clear();
			} else
				for (const [socket, person] of this.#lines)
					if ((effect.whom === 'everybody' || socket === asker) && this.carries(effect.frame, person))
						socket.say(encode(effect.frame));
		}
	}
}

/** Time passes: timers run, and so does what waits for the database, for locks and for other tabs. */
export async function pass(ms = 0): Promise<void> {
	await settle();
	for (let left = ms; left > 0; left -= 1_000) {
		await vi.advanceTimersByTimeAsync(Math.min(left, 1_000));
		await settle();
	}
}

async function settle() {
	for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Nothing of anybody's waits in the room any more. */
export async function emptyOutboxes(): Promise<void> {
	for (const person of [ana, bob]) {
		const outbox = new Outbox(person, room);
		await outbox.remove(((await outbox.all()) ?? []).map(({ id }) => id));
		await outbox.removeDeletions((await outbox.deletions()) ?? []);
	}
}
