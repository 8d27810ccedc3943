import * as v from 'valibot';
import { call } from './call-frames.ts';
import { presence } from './presence.ts';
import { parseRoomName } from './room-name.ts';
import { summary } from './summary.ts';

/**
 * The frames of `/ws/inbox`, one JSON object each: everything that concerns a person outside the open room.
 * `docs/protocol.md` explains them; this file is what both ends run. The subprotocol, ping and pong, the close codes
 * and the refusals are those of `protocol.ts`.
 */

/** Bytes of one frame from a client: nothing it says here is long. */
export const INBOX_FRAME_MAX_BYTES = 4 * 1024;
/** Sockets of one person at a time. Further ones are refused before the upgrade. */
export const TABS_MAX = 100;
/** Frames a tab may send at once, refilled at so many a second. */
export const INBOX_BURST = 60;
export const INBOX_REFILL = 2;
/** Rooms in one `delivered` frame. */
export const DELIVERED_MAX = 50;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const room = v.pipe(
	v.string(),
	v.check((name) => parseRoomName(name)?.room === name),
);
/** ms since the tab was last used. */
const idle = v.pipe(count, v.maxValue(365 * 24 * 3_600_000));

export const inboxClientFrame = v.variant('type', [
	/** First frame after connecting: "tell me everything", and whether this tab is in use (P2). Opening a page is use. */
	v.object({ type: v.literal('hello'), active: v.boolean(), idle }),
	/** That changed. */
	v.object({ type: v.literal('activity'), active: v.boolean(), idle }),
	/** "I have the messages of these rooms up to these numbers", for rooms that this tab has not open. */
	v.object({
		type: v.literal('delivered'),
		rooms: v.pipe(v.array(v.tuple([room, seq])), v.minLength(1), v.maxLength(DELIVERED_MAX)),
	}),
]);
export type InboxClientFrame = v.InferOutput<typeof inboxClientFrame>;

/** A friend as the list shows them. */
export const friend = v.object({
	id: v.string(),
	username: v.string(),
	name: v.string(),
	/** The version of their photo, if they have one. */
	avatar: v.optional(v.nullable(v.string())),
});
export type Friend = v.InferOutput<typeof friend>;

/** One line of the chats list. */
export const chatRow = v.object({
	room: v.string(),
	friend,
	/** False when the friendship has ended: the history may be read, nothing else. */
	open: v.boolean(),
	/** When it was (last) opened, ms since 1970. */
	since: count,
	/** No sound and no notification for this room. */
	muted: v.boolean(),
	/** Null until the room has told: then the line stands by name only. */
	summary: v.nullable(summary),
});
export type ChatRow = v.InferOutput<typeof chatRow>;

export const friendPresence = v.object({ person: v.string(), ...presence.entries });
export type FriendPresence = v.InferOutput<typeof friendPresence>;

const state = v.object({
	you: v.string(),
	/** The Inbox's clock, by which presence is told. */
	now: count,
	rows: v.array(chatRow),
	/** Friends whose presence is known. */
	presence: v.array(friendPresence),
	/** Received invitations that were not looked at yet. */
	unseen: count,
	/** False while it is not even known which rooms there are. Then another `state` follows by itself. */
	complete: v.boolean(),
});
/** All that a chats list shows, also for rendering it on the server. */
export type InboxState = v.InferOutput<typeof state>;

export const NEWS = [
	'invited', // an invitation stands that did not before
	'withdrawn', // an invitation that stood is gone: cancelled, or answered in another tab
	'friend_gained',
	'friend_lost',
] as const;

export const inboxServerFrame = v.variant('type', [
	/** The answer to `hello`; replaces all that the client had. */
	v.object({ type: v.literal('state'), ...state.entries }),
	/** A line is new or changed. Among summaries of one room the highest revision wins. */
	v.object({ type: v.literal('row'), row: chatRow }),
	/** A friend came or went. Told of friends only. */
	v.object({ type: v.literal('presence'), now: count, ...friendPresence.entries }),
	/** How many invitations wait unseen: absolute. */
	v.object({ type: v.literal('unseen'), unseen: count }),
	/** Something happened between two people; lists that show such things may be asked for again. */
	v.object({
		type: v.literal('news'),
		news: v.picklist(NEWS),
		person: friend,
		room: v.string(),
		/** Of an invitation: you sent it. */
		mine: v.boolean(),
	}),
	/** The call of a room has changed (K2). Of two of one room, the one with the higher revision is the truth. */
	v.object({ type: v.literal('call'), room: v.string(), revision: count, now: count, call }),
	/** A frame was not obeyed; the socket stays open. */
	v.object({
		type: v.literal('refused'),
		code: v.picklist(['malformed', 'unknown_frame', 'too_big', 'slow_down']),
		retryAfter: v.optional(count),
	}),
]);
export type InboxServerFrame = v.InferOutput<typeof inboxServerFrame>;
export type RoomCallFrame = Extract<InboxServerFrame, { type: 'call' }>;
export type InboxRefusal = Extract<InboxServerFrame, { type: 'refused' }>['code'];

/**
 * Reads what a tab sent. Never throws: anything that is not a frame comes back as the reason to refuse it with (D5).
 * @param data a WebSocket message as the platform hands it over
 */
export function parseInboxClientFrame(
	data: string | ArrayBuffer,
): { ok: true; frame: InboxClientFrame } | { ok: false; code: InboxRefusal } {
	if (typeof data !== 'string') return { ok: false, code: 'malformed' };
	// Every character of a valid frame is ASCII, so characters are bytes.
	if (data.length > INBOX_FRAME_MAX_BYTES) return { ok: false, code: 'too_big' };
	let json: unknown;
	try {
		json = JSON.parse(data);
	} catch {
		return { ok: false, code: 'malformed' };
	}
	const parsed = v.safeParse(inboxClientFrame, json);
	if (parsed.success) return { ok: true, frame: parsed.output };
	const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined;
	return { ok: false, code: typeof type === 'string' && !TYPES.has(type) ? 'unknown_frame' : 'malformed' };
}

const TYPES = new Set<string>(inboxClientFrame.options.map((option) => option.entries.type.literal));

/**
 * Reads what the server sent.
 * @returns null when it is not a frame this version knows, which a client ignores: a newer server may say more
 */
export function parseInboxServerFrame(data: unknown): InboxServerFrame | null {
	if (typeof data !== 'string') return null;
	try {
		const parsed = v.safeParse(inboxServerFrame, JSON.parse(data));
		return parsed.success ? parsed.output : null;
	} catch {
		return null;
	}
}

export function encodeInbox(frame: InboxClientFrame | InboxServerFrame): string {
	return JSON.stringify(frame);
}
