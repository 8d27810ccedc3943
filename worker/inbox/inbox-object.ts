import { DurableObject } from 'cloudflare:workers';
import { FRAME_ABSURD_BYTES } from '#lib/chat/limits.ts';
import {
	encodeInbox,
	INBOX_BURST,
	INBOX_REFILL,
	parseInboxClientFrame,
	TABS_MAX,
	type ChatRow,
	type InboxState,
	type RoomCallFrame,
} from '#lib/chat/inbox-protocol.ts';
import type { OpenTab, Presence } from '#lib/chat/presence.ts';
import { PING, PONG } from '#lib/chat/protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { InboxRpc, PresenceReport } from '#lib/chat/rpc-inbox.ts';
import type { Summary } from '#lib/chat/summary.ts';
import type { Env } from '../env.ts';
import { readIdentity } from '../identity.ts';
import { log, newFailureId } from '../log.ts';
import { problem } from '../problem.ts';
import { fullBucket, take, type Bucket } from '../room/flood.ts';
import { prepare } from '../room/room-schema.ts';
import type { Effect } from './effect.ts';
import * as rules from './inbox.ts';
import * as presence from './inbox-presence.ts';
import { INBOX_STEPS } from './inbox-schema.ts';
import { InboxStore } from './inbox-store.ts';
import { Messenger } from './messenger.ts';
import { attach, attached, closeFor, hangUp, openTab, say } from './tabs.ts';

/** How long a page waits for a roster that is being read. */
const PAGE_PATIENCE = 2_000;
/** And how long for the presence of friends whom it has not asked yet: other objects, which mostly answer at once. */
const PRESENCE_PATIENCE = 300;
const FLOOD = { burst: INBOX_BURST, refill: INBOX_REFILL };

/** One person's Inbox: it takes what comes, asks the rules, shows what they say and makes the calls that are outstanding. */
export class Inbox extends DurableObject<Env> implements InboxRpc {
	readonly #store: InboxStore;
	/** Only in memory: hibernation, which forgets them, takes longer than filling a bucket. */
	readonly #buckets = new WeakMap<WebSocket, Bucket>();
	readonly #messenger: Messenger;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		prepare(ctx.storage, INBOX_STEPS);
		this.#store = new InboxStore(ctx.storage.sql);
		this.#messenger = new Messenger({
			ctx,
			env,
			store: this.#store,
			me: () => this.#me,
			tabs: () => this.#tabs(),
			show: (effects) => this.#perform(effects),
		});
		ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
	}

	/** The upgrade of a tab whom the route has let through. */
	override async fetch(request: Request): Promise<Response> {
		const { room: _, ...who } = readIdentity(request.headers);
		if (who.person !== this.#me) throw new Error('A socket came to the wrong Inbox.');
		if (this.#store.sessions.isRevoked(who.session)) return problem(401, 'no_session', 'Log in first.');
		for (const old of this.ctx.getWebSockets(who.device)) hangUp(old, 1000, 'replaced');
		if (this.ctx.getWebSockets().length >= TABS_MAX)
			return problem(429, 'too_many_sockets', 'Kith is open in too many places.');

		const { 0: theirs, 1: ours } = new WebSocketPair();
		this.ctx.acceptWebSocket(ours, [who.device, who.session]);
		attach(ours, { ...who, active: false, heard: Date.now() });
		rules.open(this.#store, Date.now());
		await this.#messenger.goOn();
		return new Response(null, { status: 101, webSocket: theirs });
	}

	override async webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): Promise<void> {
		await this.#guard('webSocketMessage', () => this.#hear(ws, data));
	}

	override async webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
		// Without our half of the handshake a browser waits for it. 1005 and 1006 say that there was no code to return.
		if (code === 1005 || code === 1006) hangUp(ws);
		else hangUp(ws, code, reason);
		await this.#guard('webSocketClose', () => this.#lose(ws));
	}

	override async webSocketError(ws: WebSocket): Promise<void> {
		hangUp(ws, 1011, 'failed');
		await this.#guard('webSocketError', () => this.#lose(ws));
	}

	override async alarm(): Promise<void> {
		this.#messenger.rang();
		await this.#guard('alarm', () => rules.pass(this.#store, this.#tabs(), Date.now()));
	}

	async summary(row: Summary): Promise<number> {
		this.#perform(rules.take(this.#store, row));
		await this.#messenger.goOn();
		return Math.max(row.revision, this.#store.summary(row.room)?.row.revision ?? 0);
	}

	async call(told: RoomCallFrame): Promise<void> {
		this.#perform(rules.ring(this.#store, told, Date.now()));
	}

	async refresh(): Promise<void> {
		this.#store.self.wantRefresh();
		await this.#messenger.goOn();
	}

	async snapshot(): Promise<InboxState> {
		await this.#ready();
		return rules.stateOf(this.#store, this.#me, Date.now());
	}

	async chat(room: RoomName): Promise<{ row: ChatRow; presence: Presence | null; now: number } | null> {
		await this.#ready();
		const row = this.#store.chat(room);
		if (!row) return null;
		const known = row.open ? this.#store.presence.of(row.friend.id) : null;
		return { row, presence: known && { active: known.active, at: known.at }, now: Date.now() };
	}

	async subscribe(friend: PersonId): Promise<PresenceReport | null> {
		const ask = () => presence.subscribe(this.#store, friend, this.#tabs(), Date.now());
		let report = ask();
		if (!report) {
			// The friendship may be newer than what we know: they have heard of it, we may not have.
			this.#store.self.wantRefresh();
			await this.#roster();
			report = ask();
		}
		await this.#messenger.goOn();
		return report;
	}

	async unsubscribe(friend: PersonId): Promise<void> {
		this.#store.presence.unsubscribe(friend);
	}

	async friendPresence(friend: PersonId, report: PresenceReport): Promise<boolean> {
		const { wanted, effects } = presence.see(this.#store, friend, report, this.#tabs(), Date.now());
		this.#perform(effects);
		await this.#messenger.goOn();
		return wanted;
	}

	async revoke(sessions: readonly string[], because: 'session_revoked' | 'suspended'): Promise<void> {
		for (const session of sessions) this.#perform(rules.revoke(this.#store, session, because, Date.now()));
		const entered = sessions.flatMap((session) =>
			this.#store.sessions.entered(session).map(async (room) => {
				await this.env.ROOMS.getByName(room).revoke(this.#me, session, because);
				this.#store.sessions.leave(session, room);
			}),
		);
		await Promise.all(entered);
	}

	async admits(session: string, room?: RoomName): Promise<boolean> {
		return rules.admit(this.#store, session, room, Date.now());
	}

	async attended(): Promise<{ tabs: number; active: boolean }> {
		const tabs = this.#tabs();
		return { tabs: tabs.length, active: presence.isActive(this.#store, tabs, Date.now()) };
	}

	#hear(ws: WebSocket, data: string | ArrayBuffer): void {
		if (ws.readyState !== WebSocket.OPEN) return;
		const size = typeof data === 'string' ? data.length : data.byteLength;
		if (size > FRAME_ABSURD_BYTES) return closeFor(ws, 'too_big');

		const now = Date.now();
		const bucket = this.#buckets.get(ws) ?? fullBucket(FLOOD, now);
		this.#buckets.set(ws, bucket);
		const allowed = take(bucket, FLOOD, now);
		if (allowed === 'enough') return closeFor(ws, 'flooding');
		if (allowed !== 'go') return say(ws, { type: 'refused', code: 'slow_down', retryAfter: allowed });
		const parsed = parseInboxClientFrame(data);
		if (!parsed.ok) return say(ws, { type: 'refused', code: parsed.code });

		const { frame } = parsed;
		const was = attached(ws);
		attach(ws, { ...was, active: 'active' in frame ? frame.active : was.active, heard: now });
		this.#perform(rules.obey(this.#store, frame, this.#me, this.#tabs(), now), ws);
	}

	/** A socket is gone. It is still among those of the platform, and may have been lost before: then this changes nothing. */
	#lose(ws: WebSocket): void {
		rules.close(this.#store, openTab(this.ctx, ws), this.#tabs(ws), Date.now());
		attach(ws, { ...attached(ws), active: false });
	}

	/** Does what the rules said. Storage holds every frame back until what was written before it is durable. */
	#perform(effects: Effect[], asker?: WebSocket): void {
		for (const effect of effects) {
			if (effect.do === 'close')
				for (const ws of this.ctx.getWebSockets(effect.session)) closeFor(ws, effect.reason);
			else if (effect.whom === 'everybody') {
				const text = encodeInbox(effect.frame);
				for (const ws of this.ctx.getWebSockets()) say(ws, text);
			} else if (asker) say(asker, effect.frame);
		}
	}

	/** For rendering a page: waits a little for what is being asked. What is missing then follows by socket. */
	async #ready(): Promise<void> {
		rules.expectTab(this.#store, this.#tabs(), Date.now());
		await this.#roster();
		await this.#messenger.settled((name) => name.startsWith('watch '), PRESENCE_PATIENCE);
	}

	/** Waits a little for the roster, if it is being read. */
	async #roster(): Promise<void> {
		rules.look(this.#store, Date.now());
		await this.#messenger.goOn();
		await this.#messenger.settled((name) => name === 'refresh', PAGE_PATIENCE);
	}

	/** Nothing that happens in an event may throw out of the object (D5). */
	async #guard(doing: string, work: () => void): Promise<void> {
		try {
			work();
			await this.#messenger.goOn();
		} catch (error) {
			log({ event: 'inbox_failed', id: newFailureId(), inbox: this.#me, doing, error });
		}
	}

	/** The open tabs, but for one that is closing. */
	#tabs(closing?: WebSocket): OpenTab[] {
		return this.ctx
			.getWebSockets()
			.filter((ws) => ws !== closing && ws.readyState === WebSocket.OPEN)
			.map((ws) => openTab(this.ctx, ws));
	}

	get #me(): PersonId {
		const { name } = this.ctx.id;
		if (name === undefined) throw new Error('Inboxes are reached by name.');
		return name;
	}
}
