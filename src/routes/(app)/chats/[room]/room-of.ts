import { error } from '@sveltejs/kit';
import { friendIn, parseRoomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import { m } from '#lib/paraglide/messages.js';

/** The room a URL names, if this person is in it; for anybody else there is nothing here (D1, D2). */
export function roomOf(name: string, me: PersonId): RoomName {
	const room = parseRoomName(name)?.room;
	if (!room || friendIn(room, me) === null) error(404, m.error_404_text());
	return room;
}
