import * as v from 'valibot';
import { CALL_REFUSALS } from './call.ts';
import { callClientFrames, callServerFrames } from './call-frames.ts';
import { FRAME_MAX_BYTES, PAGE_MAX, SIGNAL_MAX_BYTES } from './limits.ts';
import { marks, message, messageId, sendableBody } from './message.ts';

/**
 * The frames of `/ws/chat/:room`, one JSON object each. `docs/protocol.md` explains them to somebody who writes a
 * client in another language; this file is what both ends run.
 */

/** Offered in `Sec-WebSocket-Protocol` and echoed. Grows only when an old client could no longer be understood. */
export const SUBPROTOCOL = 'kith.v1';
/** A client that cannot send cookies offers its access token as a second protocol with this prefix; it is never echoed. */
export const BEARER_PREFIX = 'bearer.';

/** Answered by the platform itself, without waking the object. Not activity. */
export const PING = 'ping';
export const PONG = 'pong';

/** Why the server closes a socket, and whether the client should come back by itself (D4). */
export const CLOSE = {
	session_revoked: { code: 4001, reconnect: false },
	friendship_ended: { code: 4003, reconnect: false },
	suspended: { code: 4004, reconnect: false },
	flooding: { code: 4008, reconnect: true },
	too_big: { code: 4009, reconnect: true },
} as const;
export type CloseReason = keyof typeof CLOSE;

/** Codes of our own that mean "stay away"; every other close is a lost line. */
export function mayReconnect(code: number): boolean {
	return !Object.values(CLOSE).some((close) => close.code === code && !close.reconnect);
}

/** Why a frame was not obeyed. The socket stays open. */
export const REFUSALS = [
	'malformed', // not JSON, not an object, a missing or ill-typed field
	'unknown_frame', // a type this version does not know
	'too_big', // over the byte limit of a frame
	'empty', // a text with nothing in it
	'too_long', // a text over TEXT_MAX
	'slow_down', // the flood bucket is empty: wait `retryAfter` ms and send the same again
	'id_taken', // this id of yours already names other content
	'unknown_message', // no such message in this room
	'unknown_media', // an upload it refers to is not here, not the speaker's, or in another message already
	'not_yours', // somebody else said it
	'ended', // the friendship has ended: read only
	...CALL_REFUSALS,
] as const;
export type Refusal = (typeof REFUSALS)[number];

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** What somebody may be seen doing before a message of theirs comes (P1). */
export const HINTS = ['text', 'voice', 'nothing'] as const;

export const clientFrame = v.variant('type', [
	/** "I have messages up to `last` and changes up to `revision`": first frame after connecting, and again whenever there is more. */
	v.object({ type: v.literal('hello'), last: count, revision: count }),
	/** Say something. */
	v.object({ type: v.literal('send'), id: messageId, body: sendableBody }),
	/** Ask for history: the messages just before a number. */
	v.object({ type: v.literal('page'), before: seq, limit: v.optional(v.pipe(seq, v.maxValue(PAGE_MAX))) }),
	/** Take a message of mine back, for everyone. Doing it twice does it once. */
	v.object({ type: v.literal('delete'), id: messageId }),
	/** I have played this voice message of the friend (R4). */
	v.object({ type: v.literal('heard'), id: messageId }),
	/** Messages have reached this device, or were really on its screen, up to these numbers. */
	v.object({ type: v.literal('mark'), delivered: v.optional(seq), read: v.optional(seq) }),
	...callClientFrames,
	/** I am writing, or recording, or have stopped: no more often than every TYPING_EVERY ms (P1). */
	v.object({ type: v.literal('typing'), what: v.picklist(HINTS) }),
	/** This conversation is before my eyes on this device, or no longer (P4). */
	v.object({ type: v.literal('here'), here: v.boolean() }),
]);
export type ClientFrame = v.InferOutput<typeof clientFrame>;

export const serverFrame = v.variant('type', [
	/**
	 * The answer to `hello`. `messages` are later than the client's `last`, `changed` are earlier ones and `marks` are those
	 * that changed since its `revision`. With `more`, say hello again with what this brought. With `reset`, the client was
	 * too far behind: `messages` is the newest page and replaces what it had.
	 */
	v.object({
		type: v.literal('sync'),
		you: v.string(),
		/** The room's clock, ms since 1970. */
		now: count,
		reset: v.boolean(),
		messages: v.array(message),
		changed: v.array(message),
		marks: v.array(marks),
		/** What the client has once it has applied this frame. */
		last: count,
		revision: count,
		more: v.boolean(),
	}),
	/**
	 * A message was stored: to everybody here, its speaker included, for whom it is the acknowledgement (M3). Sent again, it
	 * is answered with what was stored at first, or with the tombstone that stands there now (M1).
	 */
	v.object({ type: v.literal('message'), message }),
	/**
	 * A message was changed: to everybody here, or only to who asked when it was so already. `revision` is the message's
	 * own. A client at the revision just before moves on to it; from further back it says hello; otherwise it has it.
	 */
	v.object({ type: v.literal('changed'), message, revision: count }),
	/** A member's marks have grown: to everybody here, or only to who asked when they had not. Its revision counts as above. */
	v.object({ type: v.literal('marks'), ...marks.entries }),
	/** The other is writing or recording: for TYPING_LASTS ms, or until a message of theirs, or `nothing` (P1). */
	v.object({ type: v.literal('typing'), person: v.string(), what: v.picklist(HINTS) }),
	/** Who has the room before their eyes: to whoever says `here`, and to everybody when it changes (P4). */
	v.object({ type: v.literal('here'), people: v.array(v.string()) }),
	/** The answer to `page`, oldest first. `more`: there is still older history. */
	v.object({ type: v.literal('page'), before: seq, messages: v.array(message), more: v.boolean() }),
	...callServerFrames,
	/** Something was not obeyed. `id` is the message's or the call's, where there was one. */
	v.object({
		type: v.literal('refused'),
		code: v.picklist(REFUSALS),
		id: v.optional(v.string()),
		/** ms to wait before trying the same again, with `slow_down`. */
		retryAfter: v.optional(count),
	}),
]);
export type ServerFrame = v.InferOutput<typeof serverFrame>;
export type RefusedFrame = Extract<ServerFrame, { type: 'refused' }>;

export type Parsed<Frame> = { ok: true; frame: Frame } | { ok: false; refused: RefusedFrame };

const refuse = (code: Refusal, id?: string): { ok: false; refused: RefusedFrame } => ({
	ok: false,
	refused: { type: 'refused', code, ...(id === undefined ? {} : { id }) },
});

/**
 * Reads what a client sent. Never throws: anything that is not a frame comes back as the refusal to answer with (D5).
 * @param data a WebSocket message as the platform hands it over
 */
export function parseClientFrame(data: string | ArrayBuffer): Parsed<ClientFrame> {
	if (typeof data !== 'string') return refuse('malformed');
	const size = byteLength(data);
	if (size > SIGNAL_MAX_BYTES) return refuse('too_big');
	let json: unknown;
	try {
		json = JSON.parse(data);
	} catch {
		return refuse('malformed');
	}
	const isSignal = typeof json === 'object' && json !== null && 'type' in json && json.type === 'signal';
	if (size > FRAME_MAX_BYTES && !isSignal) return refuse('too_big');
	if (typeof json !== 'object' || json === null || Array.isArray(json)) return refuse('malformed');
	const parsed = v.safeParse(clientFrame, json);
	if (parsed.success) return { ok: true, frame: parsed.output };

	const id = v.safeParse(messageId, 'id' in json ? json.id : 'call' in json ? json.call : undefined);
	return refuse(refusalOf(json, parsed.issues), id.success ? id.output : undefined);
}

const TYPES = new Set<unknown>(clientFrame.options.map((option) => option.entries.type.literal));

function refusalOf(json: object, issues: readonly { message: string }[]): Refusal {
	if (!('type' in json) || typeof json.type !== 'string') return 'malformed';
	if (!TYPES.has(json.type)) return 'unknown_frame';
	for (const { message } of issues) if (message === 'empty' || message === 'too_long') return message;
	return 'malformed';
}

/**
 * Reads what the server sent.
 * @returns null when it is not a frame this version knows, which a client ignores: a newer server may say more
 */
export function parseServerFrame(data: unknown): ServerFrame | null {
	if (typeof data !== 'string') return null;
	try {
		const parsed = v.safeParse(serverFrame, JSON.parse(data));
		return parsed.success ? parsed.output : null;
	} catch {
		return null;
	}
}

export function encode(frame: ClientFrame | ServerFrame): string {
	return JSON.stringify(frame);
}

/** UTF-8 bytes of a text, counted only when it could matter. */
function byteLength(text: string): number {
	if (text.length > SIGNAL_MAX_BYTES) return text.length;
	return text.length * 3 <= FRAME_MAX_BYTES ? text.length : new TextEncoder().encode(text).length;
}
