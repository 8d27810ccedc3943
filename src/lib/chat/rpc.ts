import type { Marks, Message, SendableBody } from './message.ts';
import type { Refusal, ServerFrame } from './protocol.ts';
import type { PersonId, RoomName } from './room-name.ts';
import type { Summary } from './summary.ts';

/**
 * What pages and the API may ask of the objects: types only, so that nothing under `src/` imports from `worker/`.
 * Callers have authenticated the person; the object checks again that they are a member.
 */

/** What Postgres says about a friendship, as the Room remembers it. Higher epochs win. */
export interface FriendshipStatus {
	open: boolean;
	/** Grows by one with every end and every reopening. */
	epoch: number;
}

/** Up to `limit` messages (PAGE_SIZE unless given) before a number, after a number, or the newest. */
export interface HistoryRange {
	before?: number;
	after?: number;
	limit?: number;
}

export interface History {
	/** Oldest first. */
	messages: Message[];
	/** Is there more in the direction that was asked for? (Older, for the newest page.) */
	more: boolean;
	/** The highest number and revision of the room when this was read. */
	last: number;
	revision: number;
	/** How far each member has come; nothing for one who never marked anything. */
	marks: Marks[];
}

/** All that is later than what somebody has, or the next part of it: what a `sync` frame says. */
export type Since = Omit<Extract<ServerFrame, { type: 'sync' }>, 'type' | 'you' | 'now'>;

export type Sent = { ok: true; message: Message } | { ok: false; code: Refusal; retryAfter?: number };

export interface RoomRpc {
	history(reader: PersonId, range: HistoryRange): Promise<History>;
	/** What is later than the messages up to `last` and the changes up to `revision` that the reader has (M4). */
	since(reader: PersonId, have: { last: number; revision: number }): Promise<Since>;
	/** The same rules as a `send` frame; for forms and the API. */
	send(speaker: PersonId, id: string, body: SendableBody): Promise<Sent>;
	/** The same rules as a `delete` frame, and open to a former friend too (D4). Returns the tombstone. */
	remove(speaker: PersonId, id: string): Promise<Sent>;
	/** The friendship was opened, ended or reopened. Older epochs change nothing. */
	setStatus(status: FriendshipStatus): Promise<void>;
	/** A member's line of the chats list as it is now; null when the room has never been used. */
	summaryFor(member: PersonId): Promise<Summary | null>;
	/** A tab of the member has the messages up to this number, by another line than the room's own (R1). */
	markDelivered(member: PersonId, seq: number): Promise<void>;
	/** A session has ended: its sockets here close (D4). */
	revoke(member: PersonId, session: string, because: 'session_revoked' | 'suspended'): Promise<void>;
}

/** How a page reaches rooms: the part of `DurableObjectNamespace` that it needs. */
export interface Rooms {
	getByName(room: RoomName): RoomRpc;
}
