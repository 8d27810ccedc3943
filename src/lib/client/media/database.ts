import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { MediaBody } from '#lib/chat/media.ts';

/** What waits in this browser: uploads that have not arrived, and recordings that nobody has sent or discarded. */

/** A message whose bytes are still here. */
export interface Outgoing {
	/** The message's id, which its first upload has too. */
	id: string;
	person: string;
	room: string;
	/** This device's clock, for showing and for the order of sending. */
	at: number;
	/** What was chosen together has the same, and is said in that order. */
	batch?: string;
	body: MediaBody & { caption?: string };
	/** By media id: the picture, recording or clip, and a clip's poster. */
	files: { id: string; blob: Blob }[];
	/** Why it was not taken, when trying again by itself would be no use. */
	reason?: string;
}

/** A voice message as it is being recorded; its sound lies in `chunks`. */
export interface Draft {
	id: string;
	person: string;
	room: string;
	startedAt: number;
}

export interface Chunk {
	draft: string;
	/** 0, 1, 2 … */
	n: number;
	mp3: Uint8Array<ArrayBuffer>;
	/** Loudness over its time, 0 to 1. */
	levels: number[];
	/** Length of the sound in it, in ms. */
	duration: number;
}

interface Schema extends DBSchema {
	outgoing: { key: string; value: Outgoing; indexes: { room: [string, string] } };
	drafts: { key: string; value: Draft; indexes: { room: [string, string] } };
	chunks: { key: [string, number]; value: Chunk };
}
export type Database = IDBPDatabase<Schema>;

let opened: Promise<Database> | null = null;

/** The database, opened once per page or worker. Rejects where the browser keeps nothing (some private windows). */
export function database(): Promise<Database> {
	opened ??= openDB<Schema>('kith-media', 1, {
		upgrade(db) {
			db.createObjectStore('outgoing', { keyPath: 'id' }).createIndex('room', ['person', 'room']);
			db.createObjectStore('drafts', { keyPath: 'id' }).createIndex('room', ['person', 'room']);
			db.createObjectStore('chunks', { keyPath: ['draft', 'n'] });
		},
		terminated() {
			opened = null;
		},
	});
	opened.catch(() => (opened = null));
	return opened;
}

/** All chunks of one recording. */
export function chunksOf(draft: string): IDBKeyRange {
	return IDBKeyRange.bound([draft, 0], [draft, Infinity]);
}
