import { DurableObject } from 'cloudflare:workers';
import * as v from 'valibot';
import { FRAME_ABSURD_BYTES } from '#lib/chat/limits.ts';
import type { CallTerms, DeviceId } from '#lib/chat/call.ts';
import { callClientFrames, type CallClientFrame } from '#lib/chat/call-frames.ts';
import type { Announced, Reserved, RoomMediaRpc } from '#lib/chat/media.ts';
import type { SendableBody } from '#lib/chat/message.ts';
import { CLOSE, encode, parseClientFrame, PING, PONG } from '#lib/chat/protocol.ts';
import type { ClientFrame, CloseReason, Parsed, ServerFrame } from '#lib/chat/protocol.ts';
import { friendIn, parseRoomName, type PersonId } from '#lib/chat/room-name.ts';
import type { FriendshipStatus, History, HistoryRange, RoomRpc, Sent, Since } from '#lib/chat/rpc.ts';
import type { Summary } from '#lib/chat/summary.ts';
import { isUnreachable } from '#lib/server/db/client.ts';
import * as friends from '#lib/server/friends.ts';
import type { Env } from '../env.ts';
import { identity, readIdentity } from '../identity.ts';
import { log, newFailureId } from '../log.ts';
import { mediaKey } from '../media/bucket.ts';
import { problem, unavailable } from '../problem.ts';
import { door } from '../session.ts';
import { Alarms, type Jobs } from './alarms.ts';
import { credentialsFor } from './credentials.ts';
import { floodLimits, fullBucket, take, type Bucket, type FloodLimits } from './flood.ts';
import { note, peopleHere } from './here.ts';
import * as rules from './room.ts';
import * as calls from './room-calls.ts';
import * as media from './room-media.ts';
import { Messenger } from './messenger.ts';
import * as outgoing from './room-outgoing.ts';
import { isPrepared, prepare } from './room-schema.ts';
import { RoomStore } from './room-store.ts';

/** So many sockets may one member have in a room at a time: tabs, devices, and lines that died unnoticed. */
const SOCKETS_MAX = 64;

/** One friendship's room: it takes what comes, asks the rules, and does what they say. */
export class Room extends DurableObject<Env> implements RoomRpc, RoomMediaRpc {
	readonly #store: RoomStore;
	readonly #limits: FloodLimits;
	readonly #terms: CallTerms;
	readonly #alarms: Alarms;
	readonly #messenger: Messenger;
	/** What the alarm may find due. Deadlines of the room itself are local; what asks others is outgoing. */
	readonly #jobs: Jobs = {
		local: { call: (now) => this.#callDeadline(now) },
		outgoing: { media: (now) => this.#sweepMedia(now) },
		failed: (doing, error) =>
			log({ event: 'room_failed', id: newFailureId(), room: this.ctx.id.name ?? '', doing, error }),
		beside: (work) => this.ctx.waitUntil(work),
	};
	/**
	 * What each socket may still send. Only in memory: hibernation, which forgets it, takes as long as filling a bucket.
	 * Callers by RPC have one each, under their own name.
	 */
	readonly #sockets = new WeakMap<WebSocket, { asker: calls.Caller; bucket: Bucket }>();
	readonly #callers = new Map<PersonId, Bucket>();
	/** Sessions that ended lately. Their Inboxes let none of them in; this is for one that was let in just before. */
	readonly #revoked = new Set<string>();
	/** Frames of all sockets in the order of their arrival, for the moment until they are obeyed. */
	readonly #arrived: { ws: WebSocket; data: string | ArrayBuffer }[] = [];

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		// A room that was never opened has no tables: asking for rooms that do not exist leaves nothing behind.
		if (isPrepared(ctx.storage.sql)) prepare(ctx.storage);
		this.#store = new RoomStore(ctx.storage.sql);
		this.#limits = floodLimits(env);
		this.#alarms = new Alarms(ctx.storage);
		this.#terms = calls.callTerms(env);
		this.#messenger = new Messenger(this.#store, this.#alarms, this.#jobs, env, () => ({
			room: this.#room,
			members: parseRoomName(this.#room)?.members ?? [],
		}));
		ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
	}

	/** The upgrade of somebody whom the route has let through. */
	override async fetch(request: Request): Promise<Response> {
		const { room, ...who } = readIdentity(request.headers);
		if (room !== this.#room || friendIn(room, who.person) === null) return unknownRoom();
		let status: FriendshipStatus | null;
		try {
			status = await this.#status();
		} catch (error) {
			if (!isUnreachable(error)) throw error;
			return unavailable('This room cannot be opened at the moment.');
		}
		if (!status) return unknownRoom();
		if (this.#revoked.has(who.session)) return problem(401, 'no_session', 'Log in first.');
		if (!status.open) return problem(403, 'ended', 'You are no longer friends.');
		if (this.ctx.getWebSockets(who.person).length >= SOCKETS_MAX)
			return problem(429, 'too_many_sockets', 'This room is open in too many places.');

		const { 0: theirs, 1: ours } = new WebSocketPair();
		this.ctx.acceptWebSocket(ours, [who.person, tagOf(who.device), sessionTag(who.session)]);
		ours.serializeAttachment(who);
		calls.present(this.#store, who.person, who.device, Date.now());
		return new Response(null, { status: 101, webSocket: theirs });
	}

	/**
	 * Frames that arrive together are obeyed together: what one turn writes is one transaction with one disk sync, and that
	 * sync is most of what a message costs. Nothing is acknowledged before it (M3), so whoever loses the object in between
	 * has frames that were never answered, and repeats them (M1).
	 */
	override webSocketMessage(ws: WebSocket, data: string | ArrayBuffer): void {
		// Zero: only frames that are here already are waited for. It does not keep the object from hibernating.
		if (this.#arrived.push({ ws, data }) === 1) setTimeout(() => this.#obeyArrived(), 0);
	}

	#obeyArrived(): void {
		for (const { ws, data } of this.#arrived.splice(0)) {
			try {
				this.#hear(ws, data);
			} catch (error) {
				const room = this.ctx.id.name ?? '';
				log({ event: 'room_failed', id: newFailureId(), room, doing: 'webSocketMessage', error });
				hangUp(ws, 1011, 'failed');
			}
		}
	}

	override webSocketClose(ws: WebSocket, code: number, reason: string): void {
		this.#obeyArrived(); // its last words came before
		this.#leave(ws);
		// Without our half of the handshake a browser waits for it. 1005 and 1006 say that there was no code to return.
		if (code === 1005 || code === 1006) hangUp(ws);
		else hangUp(ws, code, reason);
	}

	override webSocketError(ws: WebSocket): void {
		this.#obeyArrived();
		this.#leave(ws);
		hangUp(ws, 1011, 'failed');
	}

	override alarm(): void {
		this.#alarms.ring(this.#jobs, Date.now());
	}

	async history(reader: PersonId, range: HistoryRange): Promise<History> {
		this.#asker(reader);
		if (!(await this.#status())) return { messages: [], more: false, last: 0, revision: 0, marks: [] };
		return rules.history(this.#store, range);
	}

	async since(reader: PersonId, have: { last: number; revision: number }): Promise<Since> {
		this.#asker(reader);
		if (!(await this.#status()))
			return { reset: false, messages: [], changed: [], marks: [], last: 0, revision: 0, more: false };
		return rules.since(this.#store, have);
	}

	send(speaker: PersonId, id: string, body: SendableBody): Promise<Sent> {
		return this.#call(speaker, { type: 'send', id, body });
	}

	remove(speaker: PersonId, id: string): Promise<Sent> {
		return this.#call(speaker, { type: 'delete', id });
	}

	async reserveMedia(person: PersonId, announced: Announced): Promise<Reserved> {
		this.#asker(person);
		if (!(await this.#status())) return { ok: false, code: 'unknown_room' };
		const reserved = media.reserve(this.#store, person, announced, Date.now());
		this.#mediaSoon();
		return reserved;
	}

	async mediaStored(person: PersonId, id: string): Promise<boolean> {
		return (await this.#status()) !== null && media.stored(this.#store, person, id);
	}

	async hasMedia(reader: PersonId, id: string): Promise<boolean> {
		this.#asker(reader);
		return isPrepared(this.ctx.storage.sql) && media.has(this.#store, id);
	}

	async releaseMedia(person: PersonId, id: string): Promise<void> {
		if (!(await this.#status())) return;
		media.release(this.#store, person, id, Date.now());
		this.#mediaSoon();
	}

	async setStatus(status: FriendshipStatus): Promise<void> {
		prepare(this.ctx.storage);
		this.#obeyArrived(); // under the status under which they came
		const effects = rules.setStatus(this.#store, status);
		// Before its sockets close, so that both hear that the call is over.
		if (!this.#store.status()?.open) this.#performCall(calls.close(this.#store, Date.now(), this.#terms));
		this.#perform(effects);
	}

	async summaryFor(member: PersonId): Promise<Summary | null> {
		this.#asker(member);
		return isPrepared(this.ctx.storage.sql) ? outgoing.summaryFor(this.#store, this.#room, member) : null;
	}

	async markDelivered(member: PersonId, seq: number): Promise<void> {
		const asker = this.#asker(member);
		if (!(await this.#status())) return;
		this.#perform(rules.obey(this.#store, { type: 'mark', delivered: seq }, asker, Date.now()));
	}

	async revoke(member: PersonId, session: string, because: 'session_revoked' | 'suspended'): Promise<void> {
		this.#asker(member);
		this.#revoked.add(session);
		for (const ws of this.ctx.getWebSockets(sessionTag(session))) {
			const { person, device } = v.parse(identity, ws.deserializeAttachment());
			closeFor(ws, because);
			this.#performCall(calls.bar(this.#store, person, device, Date.now(), this.#terms));
		}
	}

	#hear(ws: WebSocket, data: string | ArrayBuffer): void {
		if (closedByUs.has(ws)) return;
		const size = typeof data === 'string' ? data.length : data.byteLength;
		if (size > FRAME_ABSURD_BYTES) return closeFor(ws, 'too_big');

		const now = Date.now();
		const { asker, bucket } = this.#socket(ws, now);
		const parsed = parseClientFrame(data);
		const allowed = take(bucket, this.#limits, now);
		if (allowed === 'enough') return closeFor(ws, 'flooding');
		if (allowed !== 'go') {
			const id = idOf(parsed);
			return say(ws, { type: 'refused', code: 'slow_down', retryAfter: allowed, ...(id && { id }) });
		}
		if (!parsed.ok) return say(ws, parsed.refused);
		const { frame } = parsed;
		if (frame.type === 'here') return this.#noteHere(ws, frame.here);
		if (isOfCall(frame)) {
			const effects = calls.obey(this.#store, frame, asker, () => this.#devices(), now, this.#terms);
			return this.#performCall(effects, ws);
		}
		this.#perform(rules.obey(this.#store, frame, asker, now), ws);
	}

	/** P4: tells whoever says so who is here, and everybody when that has changed. */
	#noteHere(ws: WebSocket, here: boolean): void {
		const sockets = this.ctx.getWebSockets().filter(isOpen);
		const before = peopleHere(sockets);
		// Of one device only the newest socket counts: an older one may be a line that broke unnoticed.
		const { person, device } = this.#socket(ws, Date.now()).asker;
		for (const one of this.#socketsOf(person, device)) note(one, one === ws && here);
		const people = peopleHere(sockets);
		const changed = people.join() !== before.join();
		for (const one of changed ? sockets : [ws]) say(one, { type: 'here', people });
	}

	/** A socket that was here is closing. */
	#leave(ws: WebSocket): void {
		const sockets = this.ctx.getWebSockets().filter((one) => one !== ws && isOpen(one));
		const people = peopleHere(sockets);
		if (peopleHere([ws]).some((person) => !people.includes(person)))
			for (const one of sockets) say(one, { type: 'here', people });
	}

	/** Does for a caller what a frame of theirs would do, through the same parser, bucket and rules. */
	async #call(person: PersonId, frame: ClientFrame): Promise<Sent> {
		const asker = this.#asker(person);
		if (!(await this.#status())) return { ok: false, code: 'ended' };
		const parsed = parseClientFrame(encode(frame));
		if (!parsed.ok) return { ok: false, code: parsed.refused.code };

		const now = Date.now();
		const bucket = this.#callers.get(person) ?? fullBucket(this.#limits, now);
		this.#callers.set(person, bucket);
		const allowed = take(bucket, this.#limits, now);
		if (allowed !== 'go')
			return { ok: false, code: 'slow_down', retryAfter: allowed === 'enough' ? 1000 : allowed };

		if (isOfCall(parsed.frame)) throw new Error('Calls are made by socket.');
		const effects = rules.obey(this.#store, parsed.frame, asker, now);
		this.#perform(effects);
		for (const effect of effects) {
			if (effect.do !== 'tell') continue;
			if ('message' in effect.frame) return { ok: true, message: effect.frame.message };
			if (effect.frame.type === 'refused') return { ok: false, code: effect.frame.code };
		}
		throw new Error(`A ${frame.type} had no outcome.`);
	}

	/** Does what the rules said. Storage holds every frame back until what was written before it is durable (M3). */
	#perform(effects: calls.Effect[], asker?: WebSocket): void {
		for (const effect of effects) {
			switch (effect.do) {
				case 'close':
					for (const ws of this.ctx.getWebSockets()) closeFor(ws, effect.reason);
					break;
				case 'pass':
					for (const ws of this.#socketsOf(effect.person, effect.device)) say(ws, effect.frame);
					break;
				case 'equip':
					this.ctx.waitUntil(this.#equip(effect.person, effect.device, effect.call));
					break;
				case 'erase':
					this.#mediaSoon();
					break;
				case 'report':
					this.#messenger.callChanged(Date.now());
					break;
				case 'tell':
					if (effect.whom === 'everybody') {
						const text = encode(effect.frame);
						for (const ws of this.ctx.getWebSockets()) say(ws, text);
					} else if (effect.whom !== 'asker') {
						for (const ws of this.ctx.getWebSockets(effect.whom.person)) say(ws, effect.frame);
					} else if (asker) say(asker, effect.frame);
			}
		}
		// What everybody hears is a change of the room; the rest are answers and hints.
		if (effects.some((effect) => effect.do === 'tell' && effect.whom === 'everybody'))
			this.#messenger.changed(Date.now());
	}

	/** Credentials may come from far away; when they are here, the call may be over. */
	async #equip(person: PersonId, device: DeviceId, call: string): Promise<void> {
		try {
			const media = await credentialsFor(this.env, call, person, Date.now());
			if (!calls.takesPart(this.#store, call, person, device)) return;
			for (const ws of this.#socketsOf(person, device)) say(ws, { type: 'credentials', call, media });
		} catch (error) {
			log({ event: 'room_failed', id: newFailureId(), room: this.#room, doing: 'equip', error });
		}
	}

	#socketsOf(person: PersonId, device: DeviceId): WebSocket[] {
		// Two people may name their tabs alike.
		const theirs = new Set(this.ctx.getWebSockets(person));
		return this.ctx.getWebSockets(tagOf(device)).filter((ws) => theirs.has(ws));
	}

	#devices(): DeviceId[] {
		return this.ctx
			.getWebSockets()
			.filter(isOpen)
			.map((ws) => v.parse(identity, ws.deserializeAttachment()).device);
	}

	/** When a device was last heard: the platform notes the pings it answers. */
	#heard(person: PersonId, device: DeviceId): number | null {
		const times = this.#socketsOf(person, device).map(
			(ws) => this.ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0,
		);
		return times.length > 0 ? Math.max(...times) : null;
	}

	/** Does what the rules of calls said, and sees to it that they are asked again in time. */
	#performCall(effects: calls.Effect[], asker?: WebSocket): void {
		this.#perform(effects, asker);
		const due = calls.wakeAt(this.#store);
		if (due !== this.#alarms.due('call')) this.#alarms.set('call', due);
	}

	#callDeadline(now: number): number | null {
		const heard = (person: PersonId, device: DeviceId) => this.#heard(person, device);
		this.#perform(calls.pass(this.#store, heard, now, this.#terms));
		return calls.wakeAt(this.#store);
	}

	#mediaSoon(): void {
		const due = media.nextDue(this.#store);
		if (due !== null) this.#alarms.hasten('media', due);
	}

	/** Deletes from R2 what is to be deleted; deleting twice does no harm. */
	async #sweepMedia(now: number): Promise<number | null> {
		const ids = media.due(this.#store, now);
		if (ids.length > 0) await this.env.MEDIA.delete(ids.map((id) => mediaKey(this.#room, id)));
		media.deleted(this.#store, ids, Date.now());
		return media.nextDue(this.#store);
	}

	/** What is known about the friendship: remembered, or asked of Postgres on first use. Null when there never was one. */
	async #status(): Promise<FriendshipStatus | null> {
		const { storage } = this.ctx;
		const known = isPrepared(storage.sql) ? this.#store.status() : null;
		if (known) return known;
		const news = await friends.status(door(this.env).db, this.#room);
		if (!news) return null;
		// Meanwhile somebody may have told us; the rule keeps whichever is newer.
		await this.setStatus(news);
		return this.#store.status();
	}

	#socket(ws: WebSocket, now: number): { asker: calls.Caller; bucket: Bucket } {
		let socket = this.#sockets.get(ws);
		if (!socket) {
			const { person, device } = v.parse(identity, ws.deserializeAttachment());
			socket = { asker: { ...this.#asker(person), device }, bucket: fullBucket(this.#limits, now) };
			this.#sockets.set(ws, socket);
		}
		return socket;
	}

	#asker(person: PersonId): rules.Asker {
		const friend = friendIn(this.#room, person);
		if (friend === null) throw new Error('Not a member of this room.');
		return { person, friend };
	}

	get #room(): string {
		const { name } = this.ctx.id;
		if (name === undefined) throw new Error('Rooms are reached by name.');
		return name;
	}
}

const unknownRoom = () => problem(404, 'unknown_room', 'There is no such room.');

function idOf(parsed: Parsed<ClientFrame>): string | undefined {
	if (!parsed.ok) return parsed.refused.id;
	const { frame } = parsed;
	return 'id' in frame ? frame.id : 'call' in frame ? frame.call : undefined;
}

/** A tag of its own kind: sockets are tagged by person too. */
const tagOf = (device: DeviceId) => `device ${device}`;
const sessionTag = (session: string) => `session ${session}`;

const CALL_FRAMES = new Set<string>(callClientFrames.map((frame) => frame.entries.type.literal));

const isOfCall = (frame: ClientFrame): frame is CallClientFrame => CALL_FRAMES.has(frame.type);

const isOpen = (ws: WebSocket): boolean => ws.readyState === WebSocket.OPEN;

function say(ws: WebSocket, frame: ServerFrame | string): void {
	if (!isOpen(ws)) return;
	try {
		ws.send(typeof frame === 'string' ? frame : encode(frame));
	} catch {
		// It closed under our hands; what was said is in the log, and its client asks when it is back.
	}
}

function closeFor(ws: WebSocket, reason: CloseReason): void {
	hangUp(ws, CLOSE[reason].code, reason);
}

/** What such a socket said before and after is not listened to. */
const closedByUs = new WeakSet<WebSocket>();

function hangUp(ws: WebSocket, code?: number, reason?: string): void {
	closedByUs.add(ws);
	try {
		ws.close(code, reason);
	} catch {
		// closed already, or with a code that may be received but not sent
	}
}
