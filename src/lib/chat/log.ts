import { isNews, readAt, type Marks, type Message, type Pending } from './message.ts';
import type { ClientFrame, ServerFrame } from './protocol.ts';
import { friendIn, type PersonId, type RoomName } from './room-name.ts';
import type { History } from './rpc.ts';

/**
 * What one client knows of one room, and how frames change it. Values are never altered in place, and a frame that
 * brings nothing new returns the very same value, so that a screen may compare by identity.
 */
export interface Log {
	readonly room: RoomName;
	readonly me: PersonId;
	readonly friend: PersonId;
	/** A run of the room's messages without gaps, oldest first, up to number `last`. */
	readonly messages: readonly Message[];
	/** What I said and the room has not acknowledged, in the order of saying it. */
	readonly pending: readonly Pending[];
	readonly marks: { readonly mine: Marks; readonly friends: Marks };
	/** The cursor (M4): everything up to this number and this revision has been taken in. */
	readonly last: number;
	readonly revision: number;
	/**
	 * Messages by number that do not touch the run: later ones behind a hole, which wait for what is missing (M5), and
	 * changes to ones older than the run, which a page on its way may not know of yet.
	 */
	readonly aside: ReadonlyMap<number, Message>;
	/** Revisions taken in beyond a missing one. */
	readonly ahead: readonly number[];
}

export type MessageState = 'sending' | 'failed' | 'sent' | 'delivered' | 'seen';

const NOTHING: ReadonlyMap<number, Message> = new Map();

/** The log as a page of history opens it: the newest page, or any earlier one, from which the rest is caught up with. */
export function fromHistory(
	room: RoomName,
	me: PersonId,
	history: Pick<History, 'messages' | 'marks' | 'revision'>,
): Log {
	const friend = friendIn(room, me) ?? '';
	const marksOf = (person: PersonId): Marks =>
		history.marks.find((marks) => marks.person === person) ?? {
			person,
			delivered: 0,
			read: 0,
			revision: 0,
		};
	return {
		room,
		me,
		friend,
		messages: history.messages,
		pending: [],
		marks: { mine: marksOf(me), friends: marksOf(friend) },
		last: history.messages.at(-1)?.seq ?? 0,
		revision: history.revision,
		aside: NOTHING,
		ahead: [],
	};
}

/** Takes in what the room said. Frames may come twice and with others missing before them; nothing is shown out of order. */
export function apply(log: Log, frame: ServerFrame): Log {
	switch (frame.type) {
		case 'message':
			return learn(take(log, [frame.message]), frame.message.revision);
		case 'changed':
			return learn(take(log, [frame.message]), frame.revision);
		case 'marks':
			return learn(mark(log, frame), frame.revision);
		case 'page':
			return older(log, frame.messages);
		case 'sync':
			return sync(log, frame);
		default:
			return log;
	}
}

function sync(log: Log, frame: Extract<ServerFrame, { type: 'sync' }>): Log {
	let next = log;
	if (frame.reset) {
		// Also when the room has less than this client: then it was restored from a backup, and the room is right.
		const fresh = fromHistory(log.room, log.me, frame);
		return { ...fresh, pending: unacknowledged(log, frame.messages, frame.last) };
	}
	if (hasBeyond(log, frame.last)) {
		// The frame's revision vouches for numbers up to its last only. One from beyond may have missed a change that the
		// next hello would no longer ask for; it comes again.
		next = { ...log, aside: new Map([...log.aside].filter(([seq]) => seq <= frame.last)) };
	}
	next = take(next, frame.changed.length ? [...frame.messages, ...frame.changed] : frame.messages);
	for (const marks of frame.marks) next = mark(next, marks);
	return frame.revision > next.revision ? settle(next, frame.revision) : next;
}

/** Puts messages where they belong: into the run, behind its end, or aside. The later revision of two wins. */
function take(log: Log, incoming: readonly Message[]): Log {
	if (incoming.length === 0) return log;
	let messages: Message[] | undefined;
	let aside: Map<number, Message> | undefined;
	let last = log.last;
	const first = firstOf(log);
	const run = () => (messages ??= log.messages.slice());
	const apart = () => (aside ??= new Map(log.aside));

	for (const message of incoming) {
		if (message.seq >= first && message.seq <= last) {
			const known = (messages ?? log.messages)[message.seq - first];
			if (!known || message.revision > known.revision) run()[message.seq - first] = message;
		} else {
			const known = (aside ?? log.aside).get(message.seq);
			if (!known || message.revision > known.revision) apart().set(message.seq, message);
		}
		for (let next; (next = (aside ?? log.aside).get(last + 1));) {
			run().push(next);
			apart().delete(++last);
		}
	}
	const appended = messages?.slice(log.messages.length) ?? [];
	const pending = unacknowledged(log, [...incoming, ...appended], last);
	if (!messages && !aside && pending === log.pending) return log;
	return { ...log, messages: messages ?? log.messages, aside: aside ?? log.aside, last, pending };
}

/** Mine that are in the log now need no place of their own any more, whichever way the news came (M6). */
function unacknowledged(log: Log, arrived: readonly Message[], last: number): readonly Pending[] {
	if (log.pending.length === 0) return log.pending;
	const ids = new Set<string>();
	for (const { from, id, seq } of arrived) if (from === log.me && seq <= last) ids.add(id);
	const left = log.pending.filter(({ id }) => !ids.has(id));
	return left.length === log.pending.length ? log.pending : left;
}

function mark(log: Log, marks: Marks): Log {
	const whose = marks.person === log.me ? 'mine' : 'friends';
	const known = log.marks[whose];
	if (marks.person !== known.person || marks.revision <= known.revision) return log;
	const { person, revision, steps } = marks;
	const grown = {
		person,
		delivered: Math.max(known.delivered, marks.delivered),
		read: Math.max(known.read, marks.read),
		revision,
		...(steps && { steps }),
	};
	return { ...log, marks: { ...log.marks, [whose]: grown } };
}

/** Notes that the change with this revision has been taken in. */
function learn(log: Log, revision: number): Log {
	if (revision <= log.revision || log.ahead.includes(revision)) return log;
	return revision === log.revision + 1
		? settle(log, revision)
		: { ...log, ahead: [...log.ahead, revision].sort((a, b) => a - b) };
}

function settle(log: Log, revision: number): Log {
	let to = revision;
	for (const next of log.ahead) if (next === to + 1) to = next;
	return { ...log, revision: to, ahead: log.ahead.filter((one) => one > to) };
}

/** Puts a page of older history before the run. One that does not end where the run begins changes nothing. */
export function older(log: Log, page: readonly Message[]): Log {
	const first = firstOf(log);
	const end = page.findLastIndex((message) => message.seq < first);
	if (page[end]?.seq !== first - 1) return log;
	const before: Message[] = [];
	for (const message of page.slice(0, end + 1)) {
		const changed = log.aside.get(message.seq);
		before.push(changed && changed.revision > message.revision ? changed : message);
	}
	const pending = unacknowledged(log, before, log.last);
	return { ...log, messages: [...before, ...log.messages], pending };
}

/** Lets go of the oldest messages, all but `keep`; they can be paged in again. */
export function forgetOlder(log: Log, keep: number): Log {
	if (log.messages.length <= keep) return log;
	return { ...log, messages: log.messages.slice(log.messages.length - keep) };
}

/** Is there history before what is known? Numbers have no gaps, so the first one says it. */
export function hasOlder(log: Log): boolean {
	return firstOf(log) > 1;
}

/** Is something known to be missing? It may only be late (M5). */
export function hasHole(log: Log): boolean {
	return log.ahead.length > 0 || hasBeyond(log, log.last);
}

function hasBeyond(log: Log, number: number): boolean {
	for (const seq of log.aside.keys()) if (seq > number) return true;
	return false;
}

/** What to say to be told the rest. */
export function hello(log: Log): ClientFrame {
	return { type: 'hello', last: log.last, revision: log.revision };
}

/** Adds something I say, at the end, unless the log has it already. */
export function addPending(log: Log, pending: Pending): Log {
	if (log.pending.some(({ id }) => id === pending.id) || said(log, pending.id)) return log;
	return { ...log, pending: [...log.pending, pending] };
}

/** Has exactly these wait, in this order, without those that the log has already. */
export function replacePending(log: Log, pending: readonly Pending[]): Log {
	const left = pending.filter(({ id }) => !said(log, id));
	const same = left.length === log.pending.length && left.every((one, at) => one === log.pending[at]);
	return same ? log : { ...log, pending: left };
}

/** The message with this id that I said, when the room has acknowledged it and it is among those known. */
export function said(log: Log, id: string): Message | undefined {
	return log.messages.findLast((message) => message.id === id && message.from === log.me);
}

/** The room refused it, for this reason. Only what is unacknowledged can fail. */
export function fail(log: Log, id: string, reason: string): Log {
	const at = log.pending.findIndex((pending) => pending.id === id);
	const pending = log.pending[at];
	if (!pending || (pending.state === 'failed' && pending.reason === reason)) return log;
	return { ...log, pending: log.pending.with(at, { ...pending, state: 'failed', reason }) };
}

/** Another try of one that failed, behind whatever else waits. */
export function retry(log: Log, id: string): Log {
	const pending = log.pending.find((one) => one.id === id && one.state === 'failed');
	if (!pending) return log;
	const { reason: _, ...again } = pending;
	return {
		...log,
		pending: [...log.pending.filter((one) => one !== pending), { ...again, state: 'sending' }],
	};
}

/** Gives up something I said that the room has not acknowledged. */
export function discard(log: Log, id: string): Log {
	const left = log.pending.filter((pending) => pending.id !== id);
	return left.length === log.pending.length ? log : { ...log, pending: left };
}

/**
 * How far a message of mine has come (M6). It never goes back: marks only grow, and what is in the log stays in it.
 * @returns null for a message of the friend's
 */
export function stateOf(log: Log, message: Message | Pending): MessageState | null {
	if ('state' in message) return message.state;
	if (message.from !== log.me) return null;
	const { delivered, read } = log.marks.friends;
	return message.seq <= read ? 'seen' : message.seq <= delivered ? 'delivered' : 'sent';
}

/** When the friend saw a message of mine, ms since 1970; null when they did not, or that is not known. */
export function seenAt(log: Log, message: Message | Pending): number | null {
	return 'seq' in message && message.from === log.me ? readAt(log.marks.friends, message.seq) : null;
}

/** The friend's messages that I have not read, as far as they are known; deleted ones do not count (R3). */
export function unread(log: Log): number {
	let count = 0;
	for (let at = log.messages.length - 1; at >= 0; at--) {
		const message = log.messages[at];
		if (!message || message.seq <= log.marks.mine.read) break;
		if (message.from !== log.me && isNews(message.body)) count++;
	}
	return count;
}

/** Names a message on a screen, the same before and after it is acknowledged. An id alone may be in use by both people. */
export function keyOf(message: Message | Pending): string {
	return `${message.from}/${message.id}`;
}

/** The number of the first message that is known, or the one that would be. */
export function firstOf(log: Log): number {
	return log.messages[0]?.seq ?? log.last + 1;
}
