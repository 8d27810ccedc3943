import { type Message } from '#lib/chat/message.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { previewOf, summaryRevision, tellAt, type Summary } from '#lib/chat/summary.ts';
import type { RoomStore } from './room-store.ts';

/**
 * What a room has to tell those who are not in it: each member's Inbox its line of the chats list (R3), and the archive
 * its log (A1). What is to be told follows from the store at any time, and so does what was acknowledged: a call that got
 * lost is simply still to be made.
 */

/** Messages wait so long for more of them before they go to the archive. */
const ARCHIVE_PAUSE = 2_000;
const RETRY_FIRST = 2_000;
const RETRY_MAX = 5 * 60_000;
/** Messages in one batch for the archive. */
const BATCH = 200;

/** What a room has told of its log, and what went wrong since. */
export interface ArchiveState {
	/** Everything up to this number is in the archive, and every change up to this revision. */
	seq: number;
	revision: number;
	/** When it was last tried, and how many failures ago it last worked. */
	at: number;
	failures: number;
}

/** A member's line of the chats list as it is now; null while nothing was ever said or done here. */
export function summaryFor(store: RoomStore, room: RoomName, member: PersonId): Summary | null {
	const last = store.last();
	const revision = summaryRevision({ last, revision: store.revision() });
	if (revision === 0) return null;
	const mine = store.marks().find(({ person }) => person === member);
	const [newest] = store.before(last + 1, 1);
	return {
		room,
		revision,
		last: newest
			? { seq: newest.seq, from: newest.from, at: newest.at, preview: previewOf(newest.body) }
			: null,
		unread: store.unread(member, mine?.read ?? 0),
		delivered: mine?.delivered ?? 0,
		read: mine?.read ?? 0,
	};
}

/** When a member's Inbox is to be called, or null when it knows everything. */
export function tellMemberAt(store: RoomStore, member: PersonId): number | null {
	return tellAt(store.told(member), summaryRevision({ last: store.last(), revision: store.revision() }));
}

/** A member's Inbox has the line up to a revision. */
export function told(store: RoomStore, member: PersonId, acknowledged: number, now: number): void {
	store.setTold(member, { acknowledged, at: now, failures: 0 });
}

/** It did not answer. */
export function notTold(store: RoomStore, member: PersonId, now: number): void {
	const { acknowledged, failures } = store.told(member);
	store.setTold(member, { acknowledged, at: now, failures: failures + 1 });
}

/**
 * When something is to go to the archive, or null when it has everything.
 * @param changedAt when the first of it was said, if that is known
 */
export function archiveAt(store: RoomStore, changedAt = 0): number | null {
	const archive = store.archive();
	if (archive.seq >= store.last() && archive.revision >= store.messageRevision()) return null;
	if (archive.failures === 0) return Math.max(archive.at, changedAt) + ARCHIVE_PAUSE;
	return archive.at + Math.min(RETRY_FIRST * 2 ** (archive.failures - 1), RETRY_MAX);
}

/** The next part of the log for the archive: new messages in their order, then changes of older ones in theirs. */
export function archivePart(store: RoomStore): Message[] {
	const archive = store.archive();
	const fresh = store.after(archive.seq, BATCH);
	const changed = store.changed(archive.revision, archive.seq, BATCH - fresh.length);
	return [...fresh, ...changed];
}

/** The archive has this part, of what there was before it. */
export function archived(store: RoomStore, part: readonly Message[], now: number): void {
	const before = store.archive();
	const fresh = part.filter(({ seq }) => seq > before.seq);
	const changed = part.filter(({ seq }) => seq <= before.seq);
	// A new message that had changed already is written once more among the changes: only those are in their order.
	const revision = changed.at(-1)?.revision ?? before.revision;
	store.setArchive({ seq: fresh.at(-1)?.seq ?? before.seq, revision, at: now, failures: 0 });
}

export function notArchived(store: RoomStore, now: number): void {
	const archive = store.archive();
	store.setArchive({ ...archive, at: now, failures: archive.failures + 1 });
}
