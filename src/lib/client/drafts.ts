import type { PersonId, RoomName } from '#lib/chat/room-name.ts';

/**
 * What somebody has begun to write, per person and room. In localStorage, because it is written with every key and has to
 * be there when the page goes away; where there is none, a draft lives as long as its page.
 */
const keyOf = (person: PersonId, room: RoomName) => `kith draft ${person} ${room}`;

export function readDraft(person: PersonId, room: RoomName): string {
	try {
		return localStorage.getItem(keyOf(person, room)) ?? '';
	} catch {
		return '';
	}
}

export function keepDraft(person: PersonId, room: RoomName, text: string): void {
	try {
		if (text === '') localStorage.removeItem(keyOf(person, room));
		else localStorage.setItem(keyOf(person, room), text);
	} catch {
		// no storage, or full: it stays on the screen
	}
}
