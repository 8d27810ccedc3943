import { chunksOf, database, type Outgoing } from './database.ts';

/** The messages whose bytes are still here, as they lie in IndexedDB. Everything rejects where the browser keeps nothing. */

/** What somebody has sent in a room, in the order of sending. */
export async function all(person: string, room: string): Promise<Outgoing[]> {
	const rows = await (await database()).getAllFromIndex('outgoing', 'room', [person, room]);
	return rows.sort((one, other) => one.at - other.at);
}

export async function has(id: string): Promise<boolean> {
	return (await (await database()).getKey('outgoing', id)) !== undefined;
}

/** @param draft the recording it was made of, which is forgotten in the same moment */
export async function keep(outgoing: Outgoing, draft?: string): Promise<void> {
	const db = await database();
	const work = db.transaction(['outgoing', 'drafts', 'chunks'], 'readwrite');
	await work.objectStore('outgoing').put(outgoing);
	if (draft) {
		await work.objectStore('drafts').delete(draft);
		await work.objectStore('chunks').delete(chunksOf(draft));
	}
	await work.done;
}

export async function forget(id: string): Promise<void> {
	await (await database()).delete('outgoing', id);
}
