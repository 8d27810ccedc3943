import { chunksOf, database, type Chunk, type Database, type Draft } from './database.ts';
import { toPeaks } from './peaks.ts';

/** A recording as it can be listened to and sent. */
export interface Recording {
	id: string;
	blob: Blob;
	/** ms */
	duration: number;
	peaks: number[];
}

/** Held by the tab that records, for as long as it lives: what nobody holds was left behind. */
export const lockOf = (draft: string) => `kith-recording-${draft}`;

export async function begin(draft: Draft): Promise<void> {
	await (await database()).put('drafts', draft);
}

export async function keep(chunk: Chunk): Promise<void> {
	await (await database()).put('chunks', chunk);
}

export async function drop(id: string): Promise<void> {
	const db = await database();
	const done = db.transaction(['drafts', 'chunks'], 'readwrite');
	await Promise.all([
		done.objectStore('chunks').delete(chunksOf(id)),
		done.objectStore('drafts').delete(id),
		done.done,
	]);
}

/** Puts a recording together from what was kept of it. Null when there is no sound in it. */
export async function assemble(id: string): Promise<Recording | null> {
	return join(id, await (await database()).getAll('chunks', chunksOf(id)));
}

export function join(
	id: string,
	chunks: readonly Pick<Chunk, 'mp3' | 'levels' | 'duration'>[],
): Recording | null {
	const duration = Math.round(chunks.reduce((sum, chunk) => sum + chunk.duration, 0));
	if (duration < 1) return null;
	const blob = new Blob(
		chunks.map((chunk) => chunk.mp3),
		{ type: 'audio/mpeg' },
	);
	return { id, blob, duration, peaks: toPeaks(chunks.flatMap((chunk) => chunk.levels)) };
}

/** The newest recording that a closed tab or a crash left behind in this room, or null. */
export async function leftBehind(person: string, room: string): Promise<Recording | null> {
	const db = await database();
	const drafts = await db.getAllFromIndex('drafts', 'room', [person, room]);
	drafts.sort((one, other) => other.startedAt - one.startedAt);
	const held = new Set((await navigator.locks?.query())?.held?.map((lock) => lock.name));
	await sweep(db);
	for (const { id } of drafts) {
		if (held.has(lockOf(id))) continue;
		const recording = await assemble(id);
		if (recording) return recording;
		await drop(id);
	}
	return null;
}

/** A worker that was stopped may still have kept a piece of what was discarded. */
async function sweep(db: Database): Promise<void> {
	const work = db.transaction(['drafts', 'chunks'], 'readwrite');
	const known = new Set(await work.objectStore('drafts').getAllKeys());
	for (const key of await work.objectStore('chunks').getAllKeys())
		if (!known.has(key[0])) await work.objectStore('chunks').delete(key);
	await work.done;
}
