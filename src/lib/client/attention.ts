import type { ChatRow } from '#lib/chat/inbox-protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { concerns, UNREAD_CAP } from '#lib/chat/summary.ts';

/**
 * Attention without annoyance: one sound and one system notification for a message in a room that nobody is looking at,
 * however many tabs are open. What deserves it is decided here, without a browser; `Attention` does it.
 */

/** A message is announced only if nobody has read it so soon after it came, on whichever screen. */
export const PATIENCE = 1_000;

/**
 * Does this change of a line deserve attention?
 * @param before the line as it was, or undefined for one that was not there: then what it brings is not new
 * @returns the number of the message that does, or null
 */
export function worth(before: ChatRow | undefined, after: ChatRow, me: PersonId): number | null {
	const { summary } = after;
	if (!before || !after.open || after.muted || !summary?.last || !concerns(summary, me)) return null;
	const known = Math.max(before.summary?.last?.seq ?? 0, summary.read);
	return summary.last.seq > known ? summary.last.seq : null;
}

/** Is a message that was announced still worth showing, or was it read or taken back, or its room muted, meanwhile? */
export function stands(row: ChatRow | undefined, seq: number): boolean {
	if (!row?.summary || !row.open || row.muted || row.summary.unread === 0) return false;
	const { last, read } = row.summary;
	if (!last || read >= seq) return false;
	return !(last.seq === seq && last.preview.kind === 'deleted');
}

/** What the title and the icon count: unread messages of rooms that are not muted, and unseen invitations. */
export function total(rows: Iterable<ChatRow>, unseen: number): number {
	let sum = unseen;
	for (const row of rows) if (row.open && !row.muted) sum += row.summary?.unread ?? 0;
	return Math.min(sum, UNREAD_CAP);
}

/** What a notification says. */
export interface Announcement {
	title: string;
	body: string;
	/** Where a click leads. */
	open(): void;
}

/** What `Attention` needs of the browser. Tests have another. */
export interface Means {
	/** Runs `lead` while this tab is the one that leads, until the signal ends it. */
	lead(signal: AbortSignal, lead: () => void): void;
	/** Is this room before somebody's eyes in this tab? */
	isLookedAt(room: RoomName): boolean;
	chime(): void;
	/** Shows a notification in place of the room's last one. @returns what takes it away */
	notify(room: RoomName, announcement: Announcement): () => void;
}

/** Listens to the lines of an Inbox, and calls when somebody should look. */
export class Attention {
	readonly #me: PersonId;
	readonly #means: Means;
	readonly #rowOf: (room: RoomName) => ChatRow | undefined;
	readonly #announce: (row: ChatRow) => Announcement;
	#leads = false;
	#life: AbortController | null = null;
	readonly #waiting = new Map<RoomName, ReturnType<typeof setTimeout>>();
	readonly #shown = new Map<RoomName, { seq: number; away: () => void }>();

	constructor(options: {
		me: PersonId;
		means: Means;
		/** The line as it is now. */
		rowOf(room: RoomName): ChatRow | undefined;
		/** Puts a line into words. */
		announce(row: ChatRow): Announcement;
	}) {
		this.#me = options.me;
		this.#means = options.means;
		this.#rowOf = options.rowOf;
		this.#announce = options.announce;
	}

	/** @returns what ends it */
	start(): () => void {
		const life = new AbortController();
		this.#life = life;
		this.#means.lead(life.signal, () => (this.#leads = true));
		return () => {
			life.abort();
			this.#life = null;
			this.#leads = false;
			for (const timer of this.#waiting.values()) clearTimeout(timer);
			this.#waiting.clear();
			for (const { away } of this.#shown.values()) away();
			this.#shown.clear();
		};
	}

	/** A line has changed. Every tab hears it; the one that leads acts, and each takes away what it has shown itself. */
	heard(before: ChatRow | undefined, after: ChatRow): void {
		const shown = this.#shown.get(after.room);
		if (shown && !stands(after, shown.seq)) {
			shown.away();
			this.#shown.delete(after.room);
		}
		const seq = worth(before, after, this.#me);
		if (seq === null || !this.#leads || !this.#life || this.#waiting.has(after.room)) return;
		const timer = setTimeout(() => {
			this.#waiting.delete(after.room);
			this.#call(after.room, seq);
		}, PATIENCE);
		this.#waiting.set(after.room, timer);
	}

	#call(room: RoomName, since: number): void {
		const row = this.#rowOf(room);
		const seq = row?.summary?.last?.seq ?? since;
		if (!row || !stands(row, seq) || this.#means.isLookedAt(room)) return;
		this.#means.chime();
		this.#shown.set(room, { seq, away: this.#means.notify(room, this.#announce(row)) });
	}
}
