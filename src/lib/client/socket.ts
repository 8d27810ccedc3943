import type ReconnectingWebSocket from 'partysocket/ws';
import * as v from 'valibot';
import { CLOSE, mayReconnect, PING, PONG, SUBPROTOCOL, type CloseReason } from '#lib/chat/protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { device } from './device.ts';
import { browser, type Surroundings } from './surroundings.ts';
import { Timer } from './timer.ts';

/** Delays are anywhere between nothing and a limit that doubles from the first of these to the second (C1). */
const BACKOFF_FIRST = 500;
const BACKOFF_MOST = 30_000;
/** A line that lasted so long was a good one: the next delay is a short one again. */
const HELD = 10_000;
/** How long opening may take, an answer to a probe, and one about who is logged in. */
const OPEN_DEADLINE = 10_000;
const PROBE_DEADLINE = 4_000;
const ASK_DEADLINE = 5_000;
/** An attempt younger than this is not started over because something says that now is a good moment. */
const FRESH = 2_000;
/** A ping so often: shorter than any middlebox drops a silent line, and than a call waits for somebody unheard. */
const PING_EVERY = 20_000;
const TICK = 5_000;
/** A tick later than this says that the device was asleep. */
const ASLEEP = 15_000;

/** `offline`: waiting for a better moment, after more than one failure or because the device has no network. */
export type SocketState = 'connecting' | 'open' | 'offline' | 'closed';
/** Why a socket does not come back by itself. */
export type ClosedFor = CloseReason | 'signed_out' | 'other_person' | 'unknown_room';

export interface SocketOptions {
	/** `/ws/…` */
	path: string;
	/** Whose page this is. Should the browser belong to somebody else by now, the line stays closed. */
	me: PersonId;
	/** Asks also whether this room is open, when it does not open. */
	room?: RoomName;
	/** A line is there; what follows is heard from the beginning. */
	opened(): void;
	/** A frame came. */
	received(data: string): void;
	/** The state is another. */
	changed(state: SocketState, closedFor: ClosedFor | null): void;
}

const standing = v.object({
	person: v.string(),
	room: v.optional(v.picklist(['open', 'ended', 'none'])),
});

let Reconnecting: typeof ReconnectingWebSocket | undefined;

/** Loads what makes lines: apart, so that a page is live before it is on line. */
export async function loadSockets(): Promise<void> {
	Reconnecting ??= (await import('partysocket/ws')).default;
}

/**
 * A line to an object that is made again whenever it is lost, until the server says that it should not be, or `close`
 * is called. It queues nothing: what is sent on no line is gone, and who sends knows what to repeat.
 */
export class Socket {
	readonly #options: SocketOptions;
	readonly #given: Surroundings | undefined;
	#around!: Surroundings;
	#line: ReconnectingWebSocket | null = null;
	/** Opened, and not closed since. */
	#wanted = false;
	#state: SocketState = 'connecting';

	/** Lines lost in a row without one that held. */
	#failures = 0;
	#openedAt: number | null = null;
	/** The last attempt was answered with something else than a line. */
	#refused = false;
	/** The next attempt does not wait. */
	#hurry = false;
	#attemptedAt = 0;
	#wake: (() => void) | null = null;
	#probe = new Timer();
	#pingedAt = 0;
	#tickedAt = 0;
	#ticking: ReturnType<typeof setInterval> | undefined;

	constructor(options: SocketOptions, surroundings?: Surroundings) {
		this.#options = options;
		this.#given = surroundings;
	}

	open(): void {
		if (this.#wanted) return;
		this.#around = this.#given ?? browser();
		const { window, document } = this.#around;
		window.addEventListener('online', this.#nudge);
		window.addEventListener('offline', this.#offline);
		window.addEventListener('pageshow', this.#nudge);
		document.addEventListener('resume', this.#nudge);
		document.addEventListener('visibilitychange', this.#shown);
		this.#failures = 0;
		this.#refused = false;
		this.#hurry = true;
		this.#tickedAt = Date.now();
		this.#ticking = setInterval(this.#tick, TICK);

		this.#wanted = true;
		this.#connect();
	}

	/** Makes the line, now or when what makes it is loaded. */
	#connect(): void {
		if (!Reconnecting) {
			// Without a network it does not load: tried again when there is one.
			void loadSockets().then(
				() => this.#wanted && !this.#line && this.#connect(),
				() => {},
			);
			return;
		}
		const line: ReconnectingWebSocket = new Reconnecting(() => this.#address(line), [SUBPROTOCOL], {
			WebSocket: this.#around.WebSocket,
			// The waiting is done in #address, where it can be random, and interrupted.
			minReconnectionDelay: 0,
			maxReconnectionDelay: 0,
			connectionTimeout: OPEN_DEADLINE,
			maxEnqueuedMessages: 0,
			shouldReconnectOnClose: ({ code }) => mayReconnect(code),
		});
		line.onopen = () => this.#opened();
		line.onmessage = (event: MessageEvent<unknown>) => this.#received(event.data);
		line.onclose = (event: CloseEvent) => this.#lost(event.code);
		this.#line = line;
	}

	/** Ends the line. It may be opened again. */
	close(): void {
		this.#end(null);
	}

	/** @returns whether there was a line to send on */
	send(text: string): boolean {
		return this.#state === 'open' && this.#line !== null && this.#line.send(text);
	}

	/** Finds out soon whether the line is still alive, and makes it again when it is not. */
	probe(): void {
		if (this.#probe.running || !this.send(PING)) return;
		this.#pingedAt = Date.now();
		this.#probe.set(PROBE_DEADLINE, () => this.reconnect());
	}

	/** Makes the line again, now. */
	reconnect(): void {
		if (!this.#line) return;
		this.#failures = 0;
		this.#hurry = true;
		// Tells of the loss by itself; while it waits for an address there is nothing to lose.
		this.#line.reconnect();
		this.#wake?.();
	}

	/** Where to connect, asked before every attempt: waits out the backoff, and asks whether it is any use. */
	async #address(line: ReconnectingWebSocket): Promise<string> {
		const { path } = this.#options;
		const { random, origin, isOnline } = this.#around;
		const isCurrent = () => this.#line === line;
		if (!isCurrent()) return '';

		this.#become(this.#failures > 1 || !isOnline() ? 'offline' : 'connecting');
		const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** (this.#failures - 1));
		if (this.#failures > 0 && !this.#hurry) await this.#wait(random() * most);
		this.#hurry = false;
		if (isCurrent() && this.#refused) {
			const closedFor = await this.#ask();
			if (closedFor && isCurrent()) this.#end(closedFor);
		}
		this.#refused = true;
		this.#attemptedAt = Date.now();
		const address = new URL(path, origin.replace(/^http/, 'ws'));
		address.searchParams.set('device', device());
		return address.href;
	}

	#wait(ms: number): Promise<void> {
		return new Promise((resolve) => {
			const timer = new Timer();
			const go = () => {
				timer.clear();
				this.#wake = null;
				resolve();
			};
			this.#wake = go;
			timer.set(ms, go);
		});
	}

	/** A browser does not tell why an upgrade was refused: asks over HTTP. Null when nothing speaks against another try. */
	async #ask(): Promise<ClosedFor | null> {
		const { me, room } = this.#options;
		try {
			const query = room === undefined ? '' : `?room=${room}`;
			const answer = await this.#around.fetch(`/api/session${query}`, {
				cache: 'no-store',
				headers: { accept: 'application/json' },
				signal: AbortSignal.timeout(ASK_DEADLINE),
			});
			if (answer.status === 401) return 'signed_out';
			if (!answer.ok) return null;
			const is = v.parse(standing, await answer.json());
			if (is.person !== me) return 'other_person';
			return is.room === 'ended' ? 'friendship_ended' : is.room === 'none' ? 'unknown_room' : null;
		} catch {
			return null;
		}
	}

	#opened(): void {
		this.#refused = false;
		this.#openedAt = Date.now();
		this.#pingedAt = Date.now();
		this.#become('open');
		this.#options.opened();
	}

	#received(data: unknown): void {
		this.#probe.clear();
		if (typeof data === 'string' && data !== PONG) this.#options.received(data);
	}

	#lost(code: number): void {
		this.#probe.clear();
		if (this.#openedAt !== null && Date.now() - this.#openedAt >= HELD) this.#failures = 0;
		this.#openedAt = null;
		this.#failures++;
		if (mayReconnect(code)) {
			if (this.#state === 'open') this.#become('connecting');
			return;
		}
		const reason = (Object.keys(CLOSE) as CloseReason[]).find((name) => CLOSE[name].code === code);
		this.#end(reason ?? 'session_revoked');
	}

	#end(closedFor: ClosedFor | null): void {
		if (!this.#wanted) return;
		this.#wanted = false;
		const line = this.#line;
		this.#line = null;
		const { window, document, goToLogin } = this.#around;
		window.removeEventListener('online', this.#nudge);
		window.removeEventListener('offline', this.#offline);
		window.removeEventListener('pageshow', this.#nudge);
		document.removeEventListener('resume', this.#nudge);
		document.removeEventListener('visibilitychange', this.#shown);
		clearInterval(this.#ticking);
		this.#probe.clear();
		if (line) {
			line.onopen = line.onmessage = line.onclose = null;
			line.close();
		}
		this.#wake?.();
		this.#openedAt = null;
		this.#become('closed', closedFor);
		// Should the browser be logged in anew already, the log-in page leads straight back.
		if (closedFor === 'signed_out' || closedFor === 'session_revoked' || closedFor === 'suspended')
			goToLogin();
	}

	#become(state: SocketState, closedFor: ClosedFor | null = null): void {
		if (state === this.#state && closedFor === null) return;
		this.#state = state;
		this.#options.changed(state, closedFor);
	}

	/** Something says that now is a good moment (C1): the network is back, the page is looked at, the device woke up. */
	#nudge = (): void => {
		if (this.#wanted && !this.#line) return this.#connect();
		if (this.#state === 'open') return this.probe();
		this.#failures = Math.min(this.#failures, 1);
		if (this.#wake) this.#wake();
		else if (this.#line?.readyState === this.#line?.CONNECTING && Date.now() - this.#attemptedAt > FRESH)
			this.reconnect();
	};

	#shown = (): void => {
		if (this.#around.document.visibilityState === 'visible') this.#nudge();
	};

	/** The line is as good as gone. Should the device be wrong, it is there again at once. */
	#offline = (): void => {
		if (this.#state === 'open') this.reconnect();
		else this.#become('offline');
	};

	#tick = (): void => {
		const now = Date.now();
		const slept = now - this.#tickedAt > ASLEEP;
		this.#tickedAt = now;
		if (slept) this.#nudge();
		else if (now - this.#pingedAt >= PING_EVERY) this.probe();
	};
}
