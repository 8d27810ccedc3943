import type { ChatRow, InboxState, RoomCallFrame } from './inbox-protocol.ts';
import type { Presence } from './presence.ts';
import type { PersonId, RoomName } from './room-name.ts';
import type { Summary } from './summary.ts';

/**
 * What rooms, other people's Inboxes and pages may ask of an Inbox: types only. Every call may be lost, doubled or
 * come late without harm: each says how things are, none what to add.
 */

/** Somebody's presence; among two of one person the higher revision is newer. */
export interface PresenceReport extends Presence {
	revision: number;
}

export interface InboxRpc {
	/**
	 * The Room tells a line of the chats list.
	 * @returns the highest revision the Inbox now has of it, which the Room keeps as acknowledged
	 */
	summary(row: Summary): Promise<number>;
	/** The Room tells its call: it rings, was answered or is over. Every tab hears it at once (K2). */
	call(told: RoomCallFrame): Promise<void>;
	/** Something that Postgres knows of this person has changed (a friendship, an invitation, a mute, a name): read it again. */
	refresh(): Promise<void>;
	/** All that the chats list shows, in one call, for rendering it on the server. */
	snapshot(): Promise<InboxState>;
	/** One line, with what the header of its room shows; null when there is no such room. */
	chat(room: RoomName): Promise<{ row: ChatRow; presence: Presence | null; now: number } | null>;
	/** A friend's Inbox has its first tab: tell it this person's presence now and on every change. Null: not a friend. */
	subscribe(friend: PersonId): Promise<PresenceReport | null>;
	unsubscribe(friend: PersonId): Promise<void>;
	/**
	 * A friend's presence has changed.
	 * @returns false when nobody here wants to know any more, which ends the subscription
	 */
	friendPresence(friend: PersonId, report: PresenceReport): Promise<boolean>;
	/**
	 * Sessions have ended: their sockets close at once, here and in every room they entered (D4), and they open no more.
	 * Throws when a room could not be told; the caller tries again.
	 */
	revoke(sessions: readonly string[], because: 'session_revoked' | 'suspended'): Promise<void>;
	/** May this session open a socket, of its Inbox or of a room? False once it was revoked. */
	admits(session: string, room?: RoomName): Promise<boolean>;
	/** Is anybody there to see or hear? For deciding about push messages. */
	attended(): Promise<{ tabs: number; active: boolean }>;
}

/** How a page, a Room or another Inbox reaches Inboxes: the part of `DurableObjectNamespace` that it needs. */
export interface Inboxes {
	getByName(person: PersonId): InboxRpc;
}
