import * as v from 'valibot';
import { CALL_KINDS, CALL_OUTCOMES } from './call.ts';
import { isNews, lengthOf, type Body } from './message.ts';
import { parseRoomName, type PersonId } from './room-name.ts';

/**
 * One line of somebody's chats list, as their Room tells it: absolute values with a revision, never increments. A call
 * that is lost, doubled or late can therefore never leave a wrong number: the newest row wins.
 */

/** Counting stops here, one past what is shown: a room with a million unread messages costs no more than this. */
export const UNREAD_CAP = 1_000;
/** Characters (code points) of a text that the list shows. */
export const PREVIEW_MAX = 120;
/** A burst of changes in a room becomes one call per member in this many ms. */
export const TELL_EVERY = 500;
/** Waits between repeated calls that were not acknowledged, in ms. */
const RETRY_FIRST = 1_000;
const RETRY_MAX = 60_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What the list needs of a message to say what it is. */
export const preview = v.variant('kind', [
	v.object({ kind: v.literal('text'), text: v.string() }),
	v.object({
		kind: v.literal('call'),
		call: v.picklist(CALL_KINDS),
		outcome: v.nullable(v.picklist(CALL_OUTCOMES)),
		duration: count,
	}),
	v.object({ kind: v.literal('photo'), caption: v.optional(v.string()) }),
	v.object({ kind: v.literal('clip'), caption: v.optional(v.string()) }),
	v.object({ kind: v.literal('voice'), duration: count }),
	v.object({ kind: v.literal('deleted') }),
]);
export type Preview = v.InferOutput<typeof preview>;

export const summary = v.object({
	room: v.pipe(
		v.string(),
		v.check((name) => parseRoomName(name)?.room === name),
	),
	/** Grows with every change of this row for this member. */
	revision: count,
	/** The newest message, or null in an empty room. */
	last: v.nullable(v.object({ seq: count, from: v.string(), at: count, preview })),
	/** Messages of the friend after the member's read mark, deleted ones left out; UNREAD_CAP means "that many or more". */
	unread: v.pipe(count, v.maxValue(UNREAD_CAP)),
	/** The member's own marks: what they have, and what they have read. */
	delivered: count,
	read: count,
});
export type Summary = v.InferOutput<typeof summary>;

/**
 * The revision of a row. The number of the newest message and the room's revision only grow, and whatever changes a row
 * grows one of them: their sum orders all rows a Room will ever tell, without a counter of its own.
 */
export function summaryRevision(room: { last: number; revision: number }): number {
	return room.last + room.revision;
}

/** The row to keep of what is held and what arrives, in whichever order they come. */
export function newest<Row extends { revision: number }>(held: Row | null | undefined, arriving: Row): Row {
	return held && held.revision >= arriving.revision ? held : arriving;
}

/** What the list shows of a message: one line, cut between characters. */
export function previewOf(body: Body): Preview {
	switch (body.kind) {
		case 'text':
			return { kind: 'text', text: oneLine(body.text) };
		case 'photo':
		case 'clip':
			return { kind: body.kind, ...(body.caption ? { caption: oneLine(body.caption) } : {}) };
		case 'voice':
			return { kind: 'voice', duration: body.duration };
		case 'call':
		case 'deleted':
			return body;
	}
}

function oneLine(text: string): string {
	const line = text.replace(/\s+/gu, ' ').trim();
	return lengthOf(line) > PREVIEW_MAX ? `${cut(line)}…` : line;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function cut(line: string): string {
	let short = '';
	let left = PREVIEW_MAX;
	for (const { segment } of graphemes.segment(line.slice(0, PREVIEW_MAX * 2))) {
		left -= lengthOf(segment);
		if (left < 0) break;
		short += segment;
	}
	return short.trimEnd();
}

/** "" for none, "7", "999+". */
export function unreadLabel(unread: number): string {
	if (unread <= 0) return '';
	return unread >= UNREAD_CAP ? `${UNREAD_CAP - 1}+` : String(unread);
}

/** What a room's line in the list is ordered by: its last message, or when the two became friends. */
export function lastActivity(row: { since: number; summary: Summary | null }): number {
	return Math.max(row.summary?.last?.at ?? 0, row.since);
}

/** Newest activity first; rooms of the same moment by name, so that every tab shows the same order. */
export function byActivity<Row extends { room: string; since: number; summary: Summary | null }>(
	one: Row,
	other: Row,
): number {
	return (
		lastActivity(other) - lastActivity(one) || (one.room < other.room ? -1 : one.room > other.room ? 1 : 0)
	);
}

/** What a Room remembers of telling one member, in its own storage. */
export interface Told {
	/** The highest revision that the member's Inbox has acknowledged. */
	acknowledged: number;
	/** When it was last called, and how many calls in a row since then went unanswered. */
	at: number;
	failures: number;
}

/**
 * When a member's Inbox should next be called, or null when it knows the newest row. Bursts coalesce to one call every
 * TELL_EVERY ms; an Inbox that does not answer is asked again with growing pauses, for as long as it takes.
 */
export function tellAt(told: Told, revision: number): number | null {
	if (told.acknowledged >= revision) return null;
	const pause =
		told.failures === 0 ? TELL_EVERY : Math.min(RETRY_FIRST * 2 ** (told.failures - 1), RETRY_MAX);
	return told.at + pause;
}

/** Is this message one that the person should be told about? Their own never is. */
export function concerns(row: Summary, me: PersonId): boolean {
	return row.unread > 0 && row.last !== null && row.last.from !== me && isNews(row.last.preview);
}
