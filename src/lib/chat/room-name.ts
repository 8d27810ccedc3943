/**
 * A room is named by the ids of its two members, sorted: `a_b`. `b_a` names the same room. Ids are opaque and made of
 * lower-case letters and digits, so the name needs no escaping anywhere and says who may enter.
 */

export type PersonId = string;
export type RoomName = string;

const ID = /^[a-z0-9]{8,32}$/;

/** Is this text the form of a person's id? Says nothing about whether such a person exists. */
export function isPersonId(text: string): text is PersonId {
	return ID.test(text);
}

/** The canonical name of the room of two people, in whichever order they are given. */
export function roomName(one: PersonId, other: PersonId): RoomName {
	return one < other ? `${one}_${other}` : `${other}_${one}`;
}

/**
 * Reads a room's name from a URL (rule D2).
 * @returns its canonical name and members (sorted), or null when it is not the name of any possible room.
 */
export function parseRoomName(
	text: string,
): { room: RoomName; members: readonly [PersonId, PersonId] } | null {
	const halves = text.split('_');
	const [one, other] = halves;
	if (halves.length !== 2 || !one || !other || one === other) return null;
	if (!isPersonId(one) || !isPersonId(other)) return null;
	const members = one < other ? ([one, other] as const) : ([other, one] as const);
	return { room: roomName(one, other), members };
}

/** The other member of a room, or null when `person` is not one of the two. */
export function friendIn(room: RoomName, person: PersonId): PersonId | null {
	const parsed = parseRoomName(room);
	if (!parsed) return null;
	const [one, other] = parsed.members;
	return person === one ? other : person === other ? one : null;
}
