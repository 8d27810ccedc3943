import { GRACE, settle, type OpenTab } from '#lib/chat/presence.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';
import { tell, type Effect } from './effect.ts';
import type { InboxStore } from './inbox-store.ts';

/** Presence (P2, P3): what a person's friends are told of them, and what is known of theirs. Rules as in inbox.ts. */

export function used(
	store: InboxStore,
	{ active, idle }: { active: boolean; idle: number },
	tabs: readonly OpenTab[],
	now: number,
): void {
	// What a tab says may lie in the past, never in the future. An active one counts by being open.
	if (!active) store.self.activity(Math.max(0, now - idle));
	declare(store, tabs, now);
}

/**
 * P2: settles what friends are told, when that has changed. Idle and hidden tabs report how long ago they were used, so
 * a grace that is over has no effect.
 */
export function declare(store: InboxStore, tabs: readonly OpenTab[], now: number): void {
	const { lastActivity, told } = store.self.read();
	const settled = settle(tabs, lastActivity, now);
	const { active } = settled;
	// Tabs that vanished without a word (the platform restarted) were there at least when they came.
	const at = active || !told.active ? settled.at : Math.max(settled.at, told.at);
	if (!active) store.self.activity(at);
	const changed = active !== told.active || (!active && at > told.at);
	if (changed) store.self.tell({ active, at: active ? now : at, revision: Math.max(told.revision + 1, now) });
}

/** Is the person there now (P2)? */
export function isActive(store: InboxStore, tabs: readonly OpenTab[], now: number): boolean {
	return settle(tabs, store.self.read().lastActivity, now).active;
}

/** P3: a former friend sees nothing more, and is not seen. */
export function part(store: InboxStore, friend: PersonId): void {
	store.presence.unsubscribe(friend);
	store.presence.watch(friend, false, null);
}

/** Does anybody here want to see who is active? With the last tab gone, for as long as it may only be reloading. */
export function attentive(store: InboxStore, tabs: readonly OpenTab[], now: number): boolean {
	if (tabs.length > 0) return true;
	const { leftAt } = store.self.read();
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
	const { told } = store.self.read();
	store.presence.subscribe(friend, told.revision);
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
		store.presence.watch(friend, false, null);
		return { wanted: false, effects: [] };
	}
	return { wanted: true, effects: watched(store, friend, report, now) };
}

/** We are a friend's subscriber now, and this is how they are. */
export function watched(store: InboxStore, friend: PersonId, report: PresenceReport, now: number): Effect[] {
	// While the call was under way the friendship may have ended, or a later report have come.
	if (!store.friend(friend)?.open) return [];
	const known = store.presence.of(friend);
	if (known && known.revision >= report.revision) return [];
	store.presence.watch(friend, true, report);
	return [tell({ type: 'presence', now, person: friend, active: report.active, at: report.at })];
}

/** We are a friend's subscriber no more. */
export function unwatched(store: InboxStore, friend: PersonId): void {
	store.presence.watch(friend, false, null);
}

/** A subscriber has our presence, or wants it no more. */
export function published(
	store: InboxStore,
	told: { friend: PersonId; report: PresenceReport },
	wanted: boolean,
): void {
	if (wanted) store.presence.confirmed(told.friend, told.report.revision);
	else store.presence.unsubscribe(told.friend);
}
