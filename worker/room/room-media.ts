import {
	mediaOf,
	UNUSED_MEDIA_LIFE_MS,
	UNUSED_MEDIA_MAX,
	type Announced,
	type Reserved,
} from '#lib/chat/media.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { RoomStore } from './room-store.ts';

/** The rules about bytes: whose they are, who may refer to them, and when they go. */

/** Where an upload broke off, it is tried again within this, or forgotten. */
const BROKEN_LIFE = 60 * 60_000;
/** An upload that was under way while its id was deleted has ended by then: what it left is deleted too. */
const AGAIN_AFTER = 60 * 60_000;
/** R2 deletes so many at once. */
const BATCH = 500;

/** Hears of an upload before its bytes go in. The same id for the same thing is the same upload. */
export function reserve(store: RoomStore, person: PersonId, announced: Announced, now: number): Reserved {
	const status = store.status();
	if (!status) return { ok: false, code: 'unknown_room' };
	if (!status.open) return { ok: false, code: 'ended' };
	const known = store.media.find(announced.id);
	if (!known) {
		if (store.media.unused(person) >= UNUSED_MEDIA_MAX) return { ok: false, code: 'too_many' };
		store.media.add(person, announced, now);
		return { ok: true, stored: false };
	}
	const same =
		known.person === person &&
		known.kind === announced.kind &&
		known.type === announced.type &&
		known.size === announced.size;
	if (!same) return { ok: false, code: 'id_taken' };
	if (known.state === 'deleted') return { ok: false, code: 'gone' };
	if (known.state === 'reserved') store.media.setAt(known.id, now);
	return { ok: true, stored: known.state !== 'reserved' };
}

/** The bytes are in. @returns false when they are not wanted any more */
export function stored(store: RoomStore, person: PersonId, id: string): boolean {
	const known = store.media.find(id);
	if (!known || known.person !== person || known.state === 'deleted') return false;
	if (known.state === 'reserved') store.media.setState(id, 'stored');
	return true;
}

/** Is it here, whole and not deleted? The bucket may hold more for a while: what is still on its way in, or out. */
export function has(store: RoomStore, id: string): boolean {
	const state = store.media.find(id)?.state;
	return state === 'stored' || state === 'used';
}

/** The bytes did not come. */
export function release(store: RoomStore, person: PersonId, id: string, now: number): void {
	const known = store.media.find(id);
	if (known?.state === 'reserved' && known.person === person)
		store.media.setAt(id, Math.min(known.at, now - UNUSED_MEDIA_LIFE_MS + BROKEN_LIFE));
}

/** Are all uploads that this refers to the speaker's own, of the right kind, here, and in no other message? */
export function mayUse(store: RoomStore, person: PersonId, body: { kind: string }): boolean {
	return mediaOf(body).every(({ id, kind }) => {
		const known = store.media.find(id);
		return known?.person === person && known.kind === kind && known.state === 'stored';
	});
}

export function use(store: RoomStore, body: { kind: string }): void {
	for (const { id } of mediaOf(body)) store.media.setState(id, 'used');
}

/** M7: the bytes go with the message. @returns whether there were any */
export function waste(store: RoomStore, body: { kind: string }, now: number): boolean {
	const uploads = mediaOf(body);
	for (const { id } of uploads) {
		store.media.setState(id, 'deleted');
		store.media.waste(id, now);
	}
	return uploads.length > 0;
}

/** What is to be deleted from R2 now: what was wasted, and what nobody used in time. */
export function due(store: RoomStore, now: number): string[] {
	store.media.expire(now - UNUSED_MEDIA_LIFE_MS, now);
	return store.media.wasteDue(now, BATCH);
}

/** These have been deleted from R2. */
export function deleted(store: RoomStore, ids: readonly string[], now: number): void {
	for (const id of ids) store.media.wasted(id, now + AGAIN_AFTER);
}

/** When there is next something to delete, or null. */
export function nextDue(store: RoomStore): number | null {
	const unused = store.media.oldestUnused();
	const times = [store.media.nextWaste(), unused === null ? null : unused + UNUSED_MEDIA_LIFE_MS + 1];
	const known = times.filter((time) => time !== null);
	return known.length > 0 ? Math.min(...known) : null;
}
