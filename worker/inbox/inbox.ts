import type { InboxClientFrame, InboxState, RoomCallFrame } from '#lib/chat/inbox-protocol.ts';
import { settle, type OpenTab } from '#lib/chat/presence.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { Summary } from '#lib/chat/summary.ts';
import { tell, type Effect } from './effect.ts';
import { attentive, declare, used } from './inbox-presence.ts';
import type { InboxStore } from './inbox-store.ts';

/**
 * The rules of an Inbox, with inbox-presence.ts and inbox-roster.ts. Given what it holds, its open tabs, what happened and
 * when, they change the store and return what is to be shown. What is to be asked of others is not an effect but follows
 * from the store at any time: see inbox-outgoing.ts. Rule ids are those of docs/protocol.md.
 */

/** A roster older than this is read again when a person comes back: names change without a notice. */
const ROSTER_FRESH = 10 * 60_000;
/** A revoked session is forgotten after this; its tokens have run out long before. */
const REVOKED_FOR = 24 * 3_600_000;
/** An answered call that its room has not told of for so long is over. It tells every half minute. */
const CALL_LEASE = 120_000;
/** Where a session was is forgotten after this: longer than a session lives, and comes anew with the next socket. */
const ENTERED_FOR = 400 * 24 * 3_600_000;

/** A tab has connected. */
export function open(store: InboxStore, now: number): void {
	store.self.left(null);
	look(store, now);
}

/**
 * Somebody looks: then what Postgres says must be known, and not too old. Until then nothing is read: a room that tells its
 * line to somebody who is not there must not wake the database too.
 */
export function look(store: InboxStore, now: number): void {
	const { refreshedAt, refreshDone, refreshWanted } = store.self.read();
	if (refreshDone >= refreshWanted && now - refreshedAt > ROSTER_FRESH) store.self.wantRefresh();
}

/** A page is rendered: most likely a tab is about to come, and presence is wanted as if it had. */
export function expectTab(store: InboxStore, tabs: readonly OpenTab[], now: number): void {
	look(store, now);
	if (tabs.length === 0) store.self.left(now);
}

/** What to do about a frame. The tab's report of its own use is already among `tabs`. */
export function obey(
	store: InboxStore,
	frame: InboxClientFrame,
	you: PersonId,
	tabs: readonly OpenTab[],
	now: number,
): Effect[] {
	switch (frame.type) {
		case 'hello':
			used(store, frame, tabs, now);
			return [
				{ do: 'tell', whom: 'asker', frame: { type: 'state', ...stateOf(store, you, now) } },
				...store.calls(now).map((frame): Effect => ({ do: 'tell', whom: 'asker', frame })),
			];
		case 'activity':
			used(store, frame, tabs, now);
			return [];
		case 'delivered':
			for (const [room, seq] of frame.rooms) {
				const held = store.summary(room);
				// Nobody can have what the room has not told of; what it knows to be delivered need not be said again.
				const upTo = Math.min(seq, held?.row.last?.seq ?? 0);
				if (held && upTo > Math.max(held.got, held.row.delivered)) store.got(room, upTo);
			}
			return [];
	}
}

/** A tab has closed; `tabs` are the others. */
export function close(store: InboxStore, tab: OpenTab, tabs: readonly OpenTab[], now: number): void {
	if (tab.active) store.self.activity(settle([tab], 0, now).at);
	if (tabs.length === 0) store.self.left(now);
	declare(store, tabs, now);
}

/** Everything that a list of chats shows. */
export function stateOf(store: InboxStore, you: PersonId, now: number): InboxState {
	const { refreshDone, unseen } = store.self.read();
	return {
		you,
		now,
		rows: store.chats(),
		presence: store.presence.all(),
		unseen,
		complete: refreshDone > 0,
	};
}

/** A room has told its line, asked or not. Older rows change nothing. */
export function take(store: InboxStore, row: Summary): Effect[] {
	const held = store.summary(row.room);
	store.pulled(row.room);
	if (held && held.row.revision >= row.revision) return [];
	store.putSummary(row);
	return show(store, row.room);
}

/** Shows the line of a room as it is now. */
export const show = (store: InboxStore, room: RoomName): Effect[] => {
	const row = store.chat(room);
	return row ? [tell({ type: 'row', row })] : [];
};

/** A room tells its call. What comes late changes nothing. */
export function ring(store: InboxStore, told: RoomCallFrame, now: number): Effect[] {
	const { call, revision } = told;
	const known = store.callRevision(told.room);
	if (revision < known) return [];
	const until = call.state === 'ringing' ? call.ringUntil : call.state === 'answered' ? now + CALL_LEASE : 0;
	store.putCall(told, until);
	return revision === known ? [] : [tell(told)];
}

/** D4: may this session open a socket? Of a room, that is remembered. */
export function admit(store: InboxStore, session: string, room: RoomName | undefined, now: number): boolean {
	if (store.sessions.isRevoked(session)) return false;
	if (room !== undefined) store.sessions.enter(session, room, now);
	return true;
}

/** D4: a session has ended. */
export function revoke(
	store: InboxStore,
	session: string,
	reason: 'session_revoked' | 'suspended',
	now: number,
): Effect[] {
	store.sessions.revoke(session, now, now - REVOKED_FOR);
	store.sessions.forgetEntered(now - ENTERED_FOR);
	return [{ do: 'close', session, reason }];
}

/** Local deadlines: what time alone changes. */
export function pass(store: InboxStore, tabs: readonly OpenTab[], now: number): void {
	if (tabs.length > 0 || !attentive(store, tabs, now)) store.self.left(null);
	declare(store, tabs, now);
}

/** A room was asked for its line; null when it was never used. */
export function pulled(store: InboxStore, room: RoomName, row: Summary | null): Effect[] {
	store.pulled(room);
	return row ? take(store, row) : [];
}
