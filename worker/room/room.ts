import { PAGE_MAX, PAGE_SIZE, SYNC_MAX_BEHIND, SYNC_PAGE } from '#lib/chat/limits.ts';
import { stepsAfter, withoutOutcome, type Marks, type SendableBody } from '#lib/chat/message.ts';
import type { ClientFrame, CloseReason, Refusal, ServerFrame } from '#lib/chat/protocol.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { FriendshipStatus, History, HistoryRange, Since } from '#lib/chat/rpc.ts';
import * as media from './room-media.ts';
import type { RoomStore } from './room-store.ts';

/**
 * All rules of a room. Given what it holds, what was said, by whom and when, they change the store and return what is to
 * be done about it; sockets, clocks and the network are the business of whoever asks. Rule ids are those of
 * docs/protocol.md.
 */

export type Effect =
	/** Send a frame: to the socket (or caller) that asked, to everybody in the room, the asker included, or to one member. */
	| { do: 'tell'; whom: 'asker' | 'everybody' | { person: PersonId }; frame: ServerFrame }
	/** Close every socket of the room. */
	| { do: 'close'; reason: CloseReason }
	/** Bytes are to be deleted from R2. */
	| { do: 'erase' };

const answer = (frame: ServerFrame): Effect[] => [{ do: 'tell', whom: 'asker', frame }];
const announce = (frame: ServerFrame): Effect[] => [{ do: 'tell', whom: 'everybody', frame }];
const refuse = (code: Refusal, id?: string) =>
	answer({ type: 'refused', code, ...(id === undefined ? {} : { id }) });

/** Who asks: one of the room's two members (D1), as the door established (D3). */
export interface Asker {
	person: PersonId;
	friend: PersonId;
}

/** What to do about a frame. */
export function obey(store: RoomStore, frame: ClientFrame, asker: Asker, now: number): Effect[] {
	switch (frame.type) {
		case 'hello':
			return answer({ type: 'sync', you: asker.person, now, ...since(store, frame) });
		case 'page':
			return answer(page(store, frame.before, frame.limit));
		case 'send':
			return send(store, frame.id, frame.body, asker.person, now);
		case 'delete':
			return remove(store, frame.id, asker, now);
		case 'heard':
			return heard(store, frame.id, asker);
		case 'mark':
			return mark(store, frame, asker.person, now);
		case 'typing':
			return hint(frame.what, asker);
		default:
			return []; // of a call: see room-calls.ts
	}
}

/**
 * M1, M2: the first time a message is heard it gets the next number; every later time it is answered with what is stored,
 * and that stays so after the friendship has ended.
 */
function send(store: RoomStore, id: string, body: SendableBody, speaker: PersonId, now: number): Effect[] {
	const open = store.status()?.open;
	if (open && body.kind !== 'text' && !media.mayUse(store, speaker, body) && !store.find(speaker, id))
		return refuse('unknown_media', id);
	const stored = open ? store.append(speaker, id, body, now) : null;
	if (stored) {
		media.use(store, body);
		return announce({ type: 'message', message: stored });
	}

	const earlier = store.find(speaker, id);
	if (!earlier) return refuse('ended', id);
	const said = withoutOutcome(earlier.body);
	const same = said.kind === 'deleted' || JSON.stringify(said) === JSON.stringify(body);
	return same ? answer({ type: 'message', message: earlier }) : refuse('id_taken', id);
}

/** M7: its speaker puts a tombstone in its place, for everyone; also after the friendship has ended (D4). */
function remove(store: RoomStore, id: string, { person, friend }: Asker, now: number): Effect[] {
	const mine = store.find(person, id);
	if (!mine) return refuse(store.find(friend, id) ? 'not_yours' : 'unknown_message', id);
	if (mine.body.kind === 'deleted')
		return answer({ type: 'changed', message: mine, revision: mine.revision });
	const message = store.replace(mine, { kind: 'deleted' });
	const effects = announce({ type: 'changed', message, revision: message.revision });
	return media.waste(store, mine.body, now) ? [...effects, { do: 'erase' }] : effects;
}

/** R4: the friend has played a voice message of the other. */
function heard(store: RoomStore, id: string, { friend }: Asker): Effect[] {
	if (!store.status()?.open) return refuse('ended', id);
	const theirs = store.find(friend, id);
	if (theirs?.body.kind !== 'voice') return refuse('unknown_message', id);
	if (theirs.body.heard) return answer({ type: 'changed', message: theirs, revision: theirs.revision });
	const message = store.replace(theirs, { ...theirs.body, heard: true });
	return announce({ type: 'changed', message, revision: message.revision });
}

/** R1: both marks only grow, never past the last message, and what was read was delivered. */
function mark(
	store: RoomStore,
	asked: { delivered?: number; read?: number },
	person: PersonId,
	now: number,
): Effect[] {
	if (!store.status()?.open) return refuse('ended');
	const old: Marks = store.marks().find((marks) => marks.person === person) ?? {
		person,
		delivered: 0,
		read: 0,
		revision: 0,
	};
	const last = store.last();
	const read = Math.max(old.read, Math.min(asked.read ?? 0, last));
	const delivered = Math.max(old.delivered, read, Math.min(asked.delivered ?? 0, last));
	if (read === old.read && delivered === old.delivered) return answer({ type: 'marks', ...old });
	const steps = read > old.read ? stepsAfter(old, read, now) : old.steps;
	return announce({ type: 'marks', ...store.setMarks({ person, delivered, read, steps }) });
}

/** P1: whoever is connected hears it; it is stored nowhere. */
function hint(what: Extract<ClientFrame, { type: 'typing' }>['what'], { person, friend }: Asker): Effect[] {
	return [{ do: 'tell', whom: { person: friend }, frame: { type: 'typing', person, what } }];
}

/** C2, M4: everything that somebody who has messages up to `last` and changes up to `revision` lacks, or the next part of it. */
export function since(store: RoomStore, have: { last: number; revision: number }): Since {
	const room = { last: store.last(), revision: store.revision() };

	// Ahead of the room is a client of before it was restored from a backup: what it has is worth nothing.
	const reset =
		room.last - have.last > SYNC_MAX_BEHIND || have.last > room.last || have.revision > room.revision;
	if (reset) {
		const messages = store.before(room.last + 1, PAGE_SIZE);
		return { reset, messages, changed: [], marks: store.marks(), ...room, more: false };
	}

	const messages = store.after(have.last, SYNC_PAGE);
	const last = messages.at(-1)?.seq ?? have.last;
	const changed = store.changed(have.revision, have.last, SYNC_PAGE + 1);
	const cut = changed.length > SYNC_PAGE;
	if (cut) changed.pop();
	return {
		reset,
		messages,
		changed,
		marks: store.marks(have.revision),
		last,
		revision: cut ? (changed.at(-1)?.revision ?? have.revision) : room.revision,
		more: cut || last < room.last,
	};
}

function page(store: RoomStore, before: number, limit = PAGE_SIZE): ServerFrame {
	const messages = store.before(before, limit);
	return { type: 'page', before, messages, more: (messages[0]?.seq ?? 1) > 1 };
}

/** A part of the log for a page or the API. A limit beyond PAGE_MAX is cut to it. */
export function history(store: RoomStore, { before, after, limit = PAGE_SIZE }: HistoryRange): History {
	const last = store.last();
	const count = Math.min(Math.max(1, Math.trunc(limit)), PAGE_MAX);
	const messages = after === undefined ? store.before(before ?? last + 1, count) : store.after(after, count);
	const more = after === undefined ? (messages[0]?.seq ?? 1) > 1 : (messages.at(-1)?.seq ?? last) < last;
	return { messages, more, last, revision: store.revision(), marks: store.marks() };
}

/** D4: what Postgres says about the friendship. Older news changes nothing; an end closes every socket. */
export function setStatus(store: RoomStore, news: FriendshipStatus): Effect[] {
	const known = store.status();
	if (known && known.epoch >= news.epoch) return [];
	store.setStatus(news);
	return news.open ? [] : [{ do: 'close', reason: 'friendship_ended' }];
}
