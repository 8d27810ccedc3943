import type { Body, Message, Pending } from './message.ts';
import type { PersonId } from './room-name.ts';

/** A message as it stands in the conversation, stored or still on its way. */
export interface Entry {
	/** The same before and after the room has taken it. */
	key: string;
	id: string;
	/** Its number, once the room has given it one. */
	seq: number | null;
	at: number;
	body: Body;
	state: 'sending' | 'sent' | 'failed';
	reason?: string;
}

/** What one person said within one minute. */
export interface Group {
	key: string;
	mine: boolean;
	at: number;
	entries: Entry[];
	/** The first message that has not been read begins it. */
	unread?: true;
}

export interface Day {
	/** `2026-11-22` */
	key: string;
	/** A moment of that day. */
	at: number;
	groups: Group[];
}

/**
 * The conversation in the order it is drawn: days, and in them groups by speaker and minute. The order is the one
 * given, never that of the clocks; a clock that jumps back only begins another group, and days only follow each other.
 * @param dayOf the calendar day of a moment, where the reader is
 * @param unreadFrom the number of the first message that has not been read, when a line is drawn above it
 */
export function timeline(
	messages: readonly Message[],
	pending: readonly Pending[],
	me: PersonId,
	dayOf: (at: number) => string,
	unreadFrom?: number | null,
): Day[] {
	const days: Day[] = [];
	const add = (from: PersonId, entry: Entry) => {
		const date = dayOf(entry.at);
		let day = days.at(-1);
		if (!day || day.key < date) days.push((day = { key: date, at: entry.at, groups: [] }));
		const mine = from === me;
		const unread = entry.seq !== null && entry.seq === unreadFrom;
		const group = unread ? undefined : day.groups.at(-1);
		if (group && group.mine === mine && minuteOf(group.at) === minuteOf(entry.at)) group.entries.push(entry);
		else day.groups.push({ key: entry.key, mine, at: entry.at, entries: [entry], ...(unread && { unread }) });
	};
	for (const { id, from, seq, at, body } of messages)
		add(from, { key: entryKey({ from, id }), id, seq, at, body, state: 'sent' });
	for (const { id, from, at, body, state, reason } of pending)
		add(from, { key: entryKey({ from, id }), id, seq: null, at, body, state, ...(reason ? { reason } : {}) });
	return days;
}

const minuteOf = (at: number) => Math.floor(at / 60_000);

/** What names a message in the conversation, the same before and after the room has taken it. */
export const entryKey = ({ from, id }: Pick<Message, 'from' | 'id'>): string => `${from} ${id}`;

/** The last thing I said that is still there: the one under which is said how far it got. */
export function lastMine<Said extends Message | Pending>(
	said: readonly Said[],
	me: PersonId,
): Said | undefined {
	return said.findLast(({ from, body }) => from === me && body.kind !== 'deleted' && body.kind !== 'call');
}
