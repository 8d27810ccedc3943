import type { RoomName } from '#lib/chat/room-name.ts';
import { people } from './db/schema.ts';

/** A person as others may see them. */
export interface Person {
	id: string;
	username: string;
	/** The name that is shown. */
	name: string;
	about: string;
	/** The version of their profile photo: see avatarUrl in #lib/chat/media.ts. */
	avatar: string | null;
}

/** A person as they see themselves. */
export interface Me extends Person {
	email: string;
	/** E.164, or null. */
	phone: string | null;
}

/** What somebody is to me. An invitation of mine that was refused is still 'invited': refusing is silent. */
export type Relation = 'none' | 'invited' | 'has_invited_you' | 'friend';

/** Somebody found, with the room that the two of us have or would have. */
export interface Found extends Person {
	relation: Relation;
	room: RoomName;
}

export const personColumns = {
	id: people.id,
	username: people.username,
	name: people.name,
	about: people.about,
	avatar: people.avatar,
};
export const meColumns = { ...personColumns, email: people.email, phone: people.phone };
