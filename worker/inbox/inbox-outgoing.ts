import { GRACE, settle, type OpenTab } from '#lib/chat/presence.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';
import { attentive } from './inbox-presence.ts';
import type { InboxStore } from './inbox-store.ts';

/**
 * What an Inbox has to ask of others or to tell them, and when. It follows from the store at any time: a call that got
 * lost is simply still outstanding.
 */

/** A call that the Inbox has to make. */
export type Call =
	/** Read the roster from Postgres. */
	| { call: 'refresh'; ticket: number }
	/** Ask a room for its summary. */
	| { call: 'pull'; room: RoomName }
	/** Tell a room what our tabs have (R1). */
	| { call: 'deliver'; room: RoomName; seq: number }
	/** Subscribe to a friend's presence, or end it (P3). */
	| { call: 'watch'; friend: PersonId }
	| { call: 'unwatch'; friend: PersonId }
	/** Tell a subscriber our presence. */
	| { call: 'publish'; friend: PersonId; report: PresenceReport }
	/** Write the last activity to Postgres. */
	| { call: 'save'; at: number };

/** Postgres hears of somebody's activity at most this often (P2). */
const SAVE_EVERY = 60_000;
/** How long a call may take before it counts as lost with the object that made it, and the waits after failures. */
const CALL_LOST_AFTER = 15_000;
const RETRY_FIRST = 2_000;
const RETRY_MAX = 5 * 60_000;

/** Every call that is due, most urgent first. */
export function outstanding(store: InboxStore, tabs: readonly OpenTab[], now: number): Call[] {
	return due(store, tabs, now)
		.filter(({ at }) => at <= now)
		.map(({ call }) => call);
}

/** All that others must still be asked or told, each with when. */
function due(store: InboxStore, tabs: readonly OpenTab[], now: number): { call: Call; at: number }[] {
	const self = store.self.read();
	const calls: { call: Call; at: number }[] = [];
	const add = (call: Call, notBefore = 0) =>
		calls.push({ call, at: Math.max(notBefore, store.retry(nameOf(call))?.at ?? 0) });

	if (self.refreshWanted > self.refreshDone) add({ call: 'refresh', ticket: self.refreshWanted });
	for (const { room, seq } of store.unconfirmed()) add({ call: 'deliver', room, seq });
	for (const { person, confirmed } of store.presence.subscribers())
		if (confirmed < self.told.revision) add({ call: 'publish', friend: person, report: self.told });
	for (const room of store.unpulled()) add({ call: 'pull', room });
	if (attentive(store, tabs, now))
		for (const friend of store.presence.friends(false)) add({ call: 'watch', friend });
	else for (const friend of store.presence.watched()) add({ call: 'unwatch', friend });
	if (self.told.at > self.savedActivity) add({ call: 'save', at: self.told.at }, self.savedAt + SAVE_EVERY);
	return calls;
}

/** What a call is known by: two of one name are never made at once, and its failures are counted under it. */
export function nameOf(call: Call): string {
	return 'room' in call
		? `${call.call} ${call.room}`
		: 'friend' in call
			? `${call.call} ${call.friend}`
			: call.call;
}

/** A call did not come back, or came back with an error. */
export function failed(store: InboxStore, call: Call, now: number): void {
	if (call.call === 'unwatch') return store.presence.watch(call.friend, false, null); // the friend's next report is answered with "no more"
	const failures = (store.retry(nameOf(call))?.failures ?? 0) + 1;
	store.putRetry(nameOf(call), {
		failures,
		at: now + Math.min(RETRY_FIRST * 2 ** (failures - 1), RETRY_MAX),
	});
}

/** A call came back: the failures before it count no more. */
export function succeeded(store: InboxStore, call: Call): void {
	if (store.retry(nameOf(call))) store.dropRetry(nameOf(call));
}

/**
 * When the Inbox next has something to do by itself, or null.
 * @param under names of the calls that are under way: looked at again only when they must be lost
 */
export function wakeAt(
	store: InboxStore,
	tabs: readonly OpenTab[],
	under: ReadonlySet<string>,
	now: number,
): number | null {
	const self = store.self.read();
	const times: number[] = due(store, tabs, now).map(({ call, at }) =>
		under.has(nameOf(call)) ? now + CALL_LOST_AFTER : Math.max(at, now),
	);
	const { active, until } = settle(tabs, self.lastActivity, now);
	// Somebody active whom nobody watches need not be checked for having fallen silent.
	const graceful = active && tabs.every((tab) => !tab.active);
	if (until !== null && (graceful || store.presence.subscribers().length > 0)) times.push(until);
	if (tabs.length === 0 && self.leftAt !== null) times.push(self.leftAt + GRACE);
	return times.length > 0 ? Math.min(...times) : null;
}
