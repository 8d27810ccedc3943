import type { Message } from '#lib/chat/message.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { previewOf, summaryRevision, tellAt, type Summary } from '#lib/chat/summary.ts';
import type { RoomStore } from './room-store.ts';

/**
 * What a room has to tell those who are not in it: each member's Inbox its line of the chats list, and the archive its
 * log (A1). What is to be told follows from the store at any time; what was acknowledged is kept there. A call that got
 * lost is simply still to be made.
 */

/** Messages wait so long for more of them before they go to the archive. */
const ARCHIVE_PAUSE = 2_000;
const RETRY_FIRST = 2_000;
const RETRY_MAX = 5 * 60_000;
/** Messages in one batch for the archive. */
const BATCH = 200;
/** How long a call may take before it counts as lost with the object that made it. */
const LOST_AFTER = 15_000;

export type Errand = { errand: 'tell'; member: PersonId } | { errand: 'archive' };

export const nameOf = (errand: Errand): string => ('member' in errand ? errand.member : 'archive');

/** A member's line of the chats list as it is now; null while nothing was ever said or done here. */
export function summaryFor(store: RoomStore, room: RoomName, member: PersonId): Summary | null {
	const last = store.last();
	const revision = summaryRevision({ last, revision: store.revision() });
	if (revision === 0) return null;
	const { delivered, read } = store.marks().find(({ person }) => person === member) ?? {
		delivered: 0,
		read: 0,
	};
	const [newest] = store.before(last + 1, 1);
	return {
		room,
		revision,
		last: newest
			? { seq: newest.seq, from: newest.from, at: newest.at, preview: previewOf(newest.body) }
			: null,
		unread: store.unread(member, read),
		delivered,
		read,
	};
}

/** Everything that is to be told, with when. */
function due(store: RoomStore, members: readonly PersonId[]): { errand: Errand; at: number }[] {
	const last = store.last();
	const revision = store.revision();
	const all: { errand: Errand; at: number }[] = [];
	for (const member of members) {
		const at = tellAt(store.told(member), summaryRevision({ last, revision }));
		if (at !== null) all.push({ errand: { errand: 'tell', member }, at });
	}
	const archive = store.archive();
	if (archive.seq < last || archive.revision < store.messageRevision()) {
		const pause = archive.failures === 0 ? ARCHIVE_PAUSE : RETRY_FIRST * 2 ** (archive.failures - 1);
		all.push({ errand: { errand: 'archive' }, at: archive.at + Math.min(pause, RETRY_MAX) });
	}
	return all;
}

/** What is to be told now. */
export function errands(store: RoomStore, members: readonly PersonId[], now: number): Errand[] {
	return due(store, members)
		.filter(({ at }) => at <= now)
		.map(({ errand }) => errand);
}

/**
 * When to look again, or null.
 * @param under names of the errands that are being run: looked at again only when they must be lost
 */
export function wakeAt(
	store: RoomStore,
	members: readonly PersonId[],
	under: ReadonlySet<string>,
	now: number,
): number | null {
	const times = due(store, members).map(({ errand, at }) =>
		under.has(nameOf(errand)) ? now + LOST_AFTER : Math.max(at, now),
	);
	return times.length > 0 ? Math.min(...times) : null;
}

/** A member's Inbox has the line up to a revision. */
export function told(store: RoomStore, member: PersonId, acknowledged: number, now: number): void {
	store.setTold(member, { acknowledged, at: now, failures: 0 });
}

export function notTold(store: RoomStore, member: PersonId, now: number): void {
	const { acknowledged, failures } = store.told(member);
	store.setTold(member, { acknowledged, at: now, failures: failures + 1 });
}

/** The next part of the log for the archive: new messages in their order, then changes of older ones in theirs. */
export function batch(store: RoomStore): Message[] {
	const archive = store.archive();
	const fresh = store.after(archive.seq, BATCH);
	// A change of a message that is not archived yet goes with the message itself.
	const changed = store.changed(archive.revision, archive.seq, BATCH - fresh.length);
	return [...fresh, ...changed];
}

/** The archive has this part. */
export function archived(store: RoomStore, part: readonly Message[], now: number): void {
	const before = store.archive();
	const fresh = part.filter(({ seq }) => seq > before.seq);
	const changed = part.filter(({ seq }) => seq <= before.seq);
	store.setArchive({
		seq: fresh.at(-1)?.seq ?? before.seq,
		// Revisions are told in their order among older messages only: what a new one brought is told again if need be.
		revision: changed.at(-1)?.revision ?? before.revision,
		at: now,
		failures: 0,
	});
}

export function notArchived(store: RoomStore, now: number): void {
	const archive = store.archive();
	store.setArchive({ ...archive, at: now, failures: archive.failures + 1 });
}
