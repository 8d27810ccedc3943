import type {
	InboxClientFrame,
	InboxServerFrame,
	InboxState,
	RoomCallFrame,
} from '#lib/chat/inbox-protocol.ts';
import { GRACE, settle, type OpenTab } from '#lib/chat/presence.ts';
import type { CloseReason } from '#lib/chat/protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';
import type { Summary } from '#lib/chat/summary.ts';
import type { Friendship, InboxStore, Invitation } from './inbox-store.ts';

/**
 * All rules of an Inbox. Given what it holds, its open tabs, what happened and when, they change the store and return
 * what is to be shown. What is to be asked of others is not an effect but follows from the store at any time
 * (`outstanding`): a call that got lost is simply still outstanding. Rule ids are those of docs/protocol.md.
 */

export type Effect =
	/** Send a frame: to the tab that asked, or to every tab. */
	| { do: 'tell'; whom: 'asker' | 'everybody'; frame: InboxServerFrame }
	/** Close the sockets of one session, or all of them. */
	| { do: 'close'; session?: string; reason: CloseReason };

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

/** What Postgres says about a person, apart from their credentials. */
export interface Roster {
	friendships: Friendship[];
	invitations: Invitation[];
	unseen: number;
}

/** A roster older than this is read again when a person comes back: names change without a notice. */
const ROSTER_FRESH = 10 * 60_000;
/** Postgres hears of somebody's activity at most this often (P2). */
const SAVE_EVERY = 60_000;
/** A revoked session is forgotten after this; its tokens have run out long before. */
const REVOKED_FOR = 24 * 3_600_000;
/** An answered call that its room has not told of for so long is over. It tells every half minute. */
const CALL_LEASE = 120_000;
/** Where a session was is forgotten after this: longer than a session lives, and comes anew with the next socket. */
const ENTERED_FOR = 400 * 24 * 3_600_000;
/** How long a call may take before it counts as lost with the object that made it, and the waits after failures. */
const CALL_LOST_AFTER = 15_000;
const RETRY_FIRST = 2_000;
const RETRY_MAX = 5 * 60_000;

const tell = (frame: InboxServerFrame): Effect => ({ do: 'tell', whom: 'everybody', frame });

/** A tab has connected. */
export function open(store: InboxStore, now: number): void {
	store.left(null);
	look(store, now);
}

/**
 * Somebody looks: then what Postgres says must be known, and not too old. Until then nothing is read: a room that tells its
 * line to somebody who is not there must not wake the database too.
 */
export function look(store: InboxStore, now: number): void {
	const { refreshedAt, refreshDone, refreshWanted } = store.self();
	if (refreshDone >= refreshWanted && now - refreshedAt > ROSTER_FRESH) store.wantRefresh();
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
	if (tab.active) store.activity(settle([tab], 0, now).at);
	if (tabs.length === 0) store.left(now);
	declare(store, tabs, now);
}

function used(
	store: InboxStore,
	{ active, idle }: { active: boolean; idle: number },
	tabs: readonly OpenTab[],
	now: number,
): void {
	// What a tab says may lie in the past, never in the future. An active one counts by being open.
	if (!active) store.activity(Math.max(0, now - idle));
	declare(store, tabs, now);
}

/**
 * P2: settles what friends are told, when that has changed. Idle and hidden tabs report how long ago they were used, so
 * a grace that is over has no effect.
 */
function declare(store: InboxStore, tabs: readonly OpenTab[], now: number): void {
	const { lastActivity, told } = store.self();
	const settled = settle(tabs, lastActivity, now);
	const { active } = settled;
	// Tabs that vanished without a word (the platform restarted) were there at least when they came.
	const at = active || !told.active ? settled.at : Math.max(settled.at, told.at);
	if (!active) store.activity(at);
	const changed = active !== told.active || (!active && at > told.at);
	if (changed) store.tell({ active, at: active ? now : at, revision: Math.max(told.revision + 1, now) });
}

/** Everything that a list of chats shows. */
export function stateOf(store: InboxStore, you: PersonId, now: number): InboxState {
	const { refreshDone, unseen } = store.self();
	return {
		you,
		now,
		rows: store.chats(),
		presence: store.presences(),
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

const show = (store: InboxStore, room: RoomName): Effect[] => {
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

/** Takes what Postgres says now and tells the difference. The first time there is none to tell: tabs get all of it anew. */
export function learn(
	store: InboxStore,
	roster: Roster,
	ticket: number,
	you: PersonId,
	now: number,
): Effect[] {
	const before = store.self();
	const first = before.refreshDone === 0;
	const held = new Map(store.chats().map((row) => [row.room, row]));
	const effects: Effect[] = [];
	const settled = new Set<PersonId>();

	for (const friendship of roster.friendships) {
		const old = held.get(friendship.room);
		held.delete(friendship.room);
		if (old && same(old, friendship)) continue;
		store.putFriendship(friendship);
		if (friendship.open !== (old?.open ?? false)) {
			settled.add(friendship.friend.id);
			if (!friendship.open) part(store, friendship.friend.id);
			effects.push(news(friendship.open ? 'friend_gained' : 'friend_lost', friendship));
		}
		effects.push(...show(store, friendship.room));
	}
	for (const gone of held.values()) {
		part(store, gone.friend.id);
		store.dropFriendship(gone.room);
		effects.push(tell({ type: 'row', row: { ...gone, open: false } }), news('friend_lost', gone));
	}

	const key = ({ person, mine }: Invitation) => `${person.id} ${mine}`;
	const stood = new Map(store.invitations().map((invitation) => [key(invitation), invitation]));
	for (const invitation of roster.invitations) {
		if (stood.delete(key(invitation))) continue;
		store.putInvitation(invitation);
		effects.push(news('invited', invitation));
	}
	for (const gone of stood.values()) {
		store.dropInvitation(gone);
		// Accepted is said by gaining the friend.
		if (!settled.has(gone.person.id)) effects.push(news('withdrawn', gone));
	}

	if (roster.unseen !== before.unseen) effects.push(tell({ type: 'unseen', unseen: roster.unseen }));
	store.refreshed(ticket, roster.unseen, now);
	// With the storage the subscribers were lost too. Friends who do not want to know will say so.
	if (first) for (const friend of store.friends(false)) store.subscribe(friend, -1);
	return first ? [tell({ type: 'state', ...stateOf(store, you, now) })] : effects;
}

function same(row: ReturnType<InboxStore['chats']>[number], told: Friendship): boolean {
	return (
		row.open === told.open &&
		row.since === told.since &&
		row.muted === told.muted &&
		row.friend.name === told.friend.name &&
		(row.friend.avatar ?? null) === (told.friend.avatar ?? null) &&
		row.friend.username === told.friend.username
	);
}

function news(
	kind: Extract<InboxServerFrame, { type: 'news' }>['news'],
	of: Invitation | { room: RoomName; friend: Friendship['friend'] },
): Effect {
	const person = 'person' in of ? of.person : of.friend;
	return tell({ type: 'news', news: kind, person, room: of.room, mine: 'mine' in of && of.mine });
}

/** Is the person there now (P2)? */
export function isActive(store: InboxStore, tabs: readonly OpenTab[], now: number): boolean {
	return settle(tabs, store.self().lastActivity, now).active;
}

/** P3: a former friend sees nothing more, and is not seen. */
function part(store: InboxStore, friend: PersonId): void {
	store.unsubscribe(friend);
	store.watch(friend, false, null);
}

/** Does anybody here want to see who is active? With the last tab gone, for as long as it may only be reloading. */
function attentive(store: InboxStore, tabs: readonly OpenTab[], now: number): boolean {
	if (tabs.length > 0) return true;
	const { leftAt } = store.self();
	return leftAt !== null && now < leftAt + GRACE;
}

/**
 * A friend's Inbox wants our presence.
 * @returns null when they are no friend
 */
export function subscribe(
	store: InboxStore,
	friend: PersonId,
	tabs: readonly OpenTab[],
	now: number,
): PresenceReport | null {
	if (!store.friend(friend)?.open) return null;
	declare(store, tabs, now);
	const { told } = store.self();
	store.subscribe(friend, told.revision);
	return told;
}

/**
 * A friend's Inbox tells of its person.
 * @returns whether we still want to know, and what to show
 */
export function see(
	store: InboxStore,
	friend: PersonId,
	report: PresenceReport,
	tabs: readonly OpenTab[],
	now: number,
): { wanted: boolean; effects: Effect[] } {
	if (!store.friend(friend)?.open) return { wanted: false, effects: [] };
	if (!attentive(store, tabs, now)) {
		store.watch(friend, false, null);
		return { wanted: false, effects: [] };
	}
	return { wanted: true, effects: watched(store, friend, report, now) };
}

/** D4: may this session open a socket? Of a room, that is remembered. */
export function admit(store: InboxStore, session: string, room: RoomName | undefined, now: number): boolean {
	if (store.isRevoked(session)) return false;
	if (room !== undefined) store.enter(session, room, now);
	return true;
}

/** D4: a session has ended. */
export function revoke(
	store: InboxStore,
	session: string,
	reason: 'session_revoked' | 'suspended',
	now: number,
): Effect[] {
	store.revoke(session, now, now - REVOKED_FOR);
	store.forgetEntered(now - ENTERED_FOR);
	return [{ do: 'close', session, reason }];
}

/** Local deadlines: what time alone changes. */
export function pass(store: InboxStore, tabs: readonly OpenTab[], now: number): void {
	if (tabs.length > 0 || !attentive(store, tabs, now)) store.left(null);
	declare(store, tabs, now);
}

/** Every call that is due, most urgent first. */
export function outstanding(store: InboxStore, tabs: readonly OpenTab[], now: number): Call[] {
	return due(store, tabs, now)
		.filter(({ at }) => at <= now)
		.map(({ call }) => call);
}

/** All that others must still be asked or told, each with when. */
function due(store: InboxStore, tabs: readonly OpenTab[], now: number): { call: Call; at: number }[] {
	const self = store.self();
	const calls: { call: Call; at: number }[] = [];
	const add = (call: Call, notBefore = 0) =>
		calls.push({ call, at: Math.max(notBefore, store.retry(nameOf(call))?.at ?? 0) });

	if (self.refreshWanted > self.refreshDone) add({ call: 'refresh', ticket: self.refreshWanted });
	for (const { room, seq } of store.unconfirmed()) add({ call: 'deliver', room, seq });
	for (const { person, confirmed } of store.subscribers())
		if (confirmed < self.told.revision) add({ call: 'publish', friend: person, report: self.told });
	for (const room of store.unpulled()) add({ call: 'pull', room });
	if (attentive(store, tabs, now)) for (const friend of store.friends(false)) add({ call: 'watch', friend });
	else for (const friend of store.watched()) add({ call: 'unwatch', friend });
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
	if (call.call === 'unwatch') return store.watch(call.friend, false, null); // the friend's next report is answered with "no more"
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

/** A room was asked for its line; null when it was never used. */
export function pulled(store: InboxStore, room: RoomName, row: Summary | null): Effect[] {
	store.pulled(room);
	return row ? take(store, row) : [];
}

/** We are a friend's subscriber now, and this is how they are. */
export function watched(store: InboxStore, friend: PersonId, report: PresenceReport, now: number): Effect[] {
	// While the call was under way the friendship may have ended, or a later report have come.
	if (!store.friend(friend)?.open) return [];
	const known = store.presenceOf(friend);
	if (known && known.revision >= report.revision) return [];
	store.watch(friend, true, report);
	return [tell({ type: 'presence', now, person: friend, active: report.active, at: report.at })];
}

/** We are a friend's subscriber no more. */
export function unwatched(store: InboxStore, friend: PersonId): void {
	store.watch(friend, false, null);
}

/** A subscriber has our presence, or wants it no more. */
export function published(
	store: InboxStore,
	call: Extract<Call, { call: 'publish' }>,
	wanted: boolean,
): void {
	if (wanted) store.confirmed(call.friend, call.report.revision);
	else store.unsubscribe(call.friend);
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
	const self = store.self();
	const times: number[] = due(store, tabs, now).map(({ call, at }) =>
		under.has(nameOf(call)) ? now + CALL_LOST_AFTER : Math.max(at, now),
	);
	const { active, until } = settle(tabs, self.lastActivity, now);
	// Somebody active whom nobody watches need not be checked for having fallen silent.
	const graceful = active && tabs.every((tab) => !tab.active);
	if (until !== null && (graceful || store.subscribers().length > 0)) times.push(until);
	if (tabs.length === 0 && self.leftAt !== null) times.push(self.leftAt + GRACE);
	return times.length > 0 ? Math.min(...times) : null;
}
