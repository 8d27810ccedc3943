import * as v from 'valibot';
import type { PersonId } from '#lib/chat/room-name.ts';
import { identity } from '../identity.ts';

/*
 * P4: who has the room before their eyes. It is true for as long as a socket is open and no longer, so it is kept in the
 * sockets' attachments and nowhere else.
 */

const attachment = v.object({ ...identity.entries, here: v.optional(v.boolean(), false) });
const attached = (ws: WebSocket) => v.parse(attachment, ws.deserializeAttachment());

/** Notes what a socket's client says of itself. */
export function note(ws: WebSocket, here: boolean): void {
	ws.serializeAttachment({ ...attached(ws), here });
}

/** The people at these sockets who have the room before their eyes, each once, in a fixed order. */
export function peopleHere(sockets: readonly WebSocket[]): PersonId[] {
	const people = new Set<PersonId>();
	for (const ws of sockets) {
		const { person, here } = attached(ws);
		if (here) people.add(person);
	}
	return [...people].sort();
}
