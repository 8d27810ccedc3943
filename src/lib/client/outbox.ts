import type { DBSchema, IDBPDatabase } from 'idb';
import type { Pending } from '#lib/chat/message.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { Timer } from './timer.ts';

interface Schema extends DBSchema {
	messages: {
		key: number;
		value: Kept;
		indexes: { room: [PersonId, RoomName]; id: [PersonId, RoomName, string] };
	};
}

interface Kept extends Omit<Pending, 'state'> {
	/** `deleting`: not to be said, but the wish that what was said be deleted. */
	state: Pending['state'] | 'deleting';
	/** The order of saying, in every tab. */
	n?: number;
	person: PersonId;
	room: RoomName;
}

type Database = IDBPDatabase<Schema>;

/** Before the id of a message, names the wish to delete it: no id of a message has this. */
const DELETION = 'delete/';

/** Safari has been seen never to answer. */
const PATIENCE = 3_000;
/** A tab that leads for so long while others wait is asleep. What it was sending, the room knows by its id. */
const TURN_MOST = 5_000;

let database: Promise<Database> | null = null;
/** It did not answer in time: nobody waits for it again until it does. */
let stuck = false;

function open(): Promise<Database> {
	const forget = () => (database = null);
	// Loaded apart: a page is live before it has looked for what was left.
	database ??= import('idb').then(({ openDB }) =>
		openDB<Schema>('kith-outbox', 1, {
			upgrade(db) {
				const messages = db.createObjectStore('messages', { keyPath: 'n', autoIncrement: true });
				messages.createIndex('room', ['person', 'room']);
				messages.createIndex('id', ['person', 'room', 'id'], { unique: true });
			},
			blocking: (_old, _new, event) => {
				(event.target as IDBDatabase).close();
				forget();
			},
			terminated: forget,
		}),
	);
	database.catch(forget);
	return database;
}

/**
 * Rooms in which something of this person's has waited to be sent or deleted since before a time (ms since 1970). What
 * failed waits for its person.
 */
export async function waitingRooms(person: PersonId, before: number): Promise<RoomName[]> {
	if (stuck || !globalThis.indexedDB) return [];
	try {
		const db = await open();
		const kept = await db.getAllFromIndex('messages', 'room', IDBKeyRange.bound([person], [person, []]));
		const waiting = kept.filter(({ state, at }) => state !== 'failed' && at < before);
		return [...new Set(waiting.map(({ room }) => room))];
	} catch {
		return [];
	}
}

export interface OutboxListener {
	/** Another tab has added something, or something failed there or is tried again. */
	changed(): void;
	/** It was given up in another tab. */
	discarded(id: string): void;
}

/**
 * What somebody said in a room or wants deleted there, and the room has not acknowledged, kept by the browser across
 * reloads (C3). Where the browser keeps nothing, every method does nothing, and what is read is null: then the page's
 * memory is all there is.
 */
export class Outbox {
	readonly #person: PersonId;
	readonly #room: RoomName;
	#last: Promise<unknown> = Promise.resolve();
	#channel: BroadcastChannel | null = null;

	constructor(person: PersonId, room: RoomName) {
		this.#person = person;
		this.#room = room;
	}

	/** What was said, in the order of saying. Null when nothing can be kept. */
	async all(): Promise<Pending[] | null> {
		const kept = await this.#read();
		return (
			kept?.flatMap(({ n: _n, person: _person, room: _room, state, ...pending }) =>
				state === 'deleting' ? [] : [{ ...pending, state }],
			) ?? null
		);
	}

	/** Ids of the messages of mine that are to be deleted. Null when nothing can be kept. */
	async deletions(): Promise<string[] | null> {
		const kept = await this.#read();
		return kept?.flatMap(({ id, state }) => (state === 'deleting' ? id.slice(DELETION.length) : [])) ?? null;
	}

	/** Keeps it, behind everything else. @returns whether it is kept now */
	async add(pending: Pending): Promise<boolean> {
		const done = await this.#add(pending);
		if (done) this.#tell({});
		return done;
	}

	/** The message of mine with this id is to be deleted. Other tabs are not told: this one asks for it, or a later one. */
	async addDeletion(id: string): Promise<void> {
		const kept = { id: DELETION + id, from: this.#person, at: Date.now(), state: 'deleting' as const };
		await this.#add({ ...kept, body: { kind: 'text', text: '' } });
	}

	/** They are deleted, or cannot be. */
	removeDeletions(ids: readonly string[]): Promise<void> {
		return this.remove(ids.map((id) => DELETION + id));
	}

	/** The room refused it, for this reason. */
	async fail(id: string, reason: string): Promise<void> {
		await this.#change(id, (kept) => ({ ...kept, state: 'failed', reason }));
		this.#tell({});
	}

	/** It is tried again, behind everything else. */
	async retry(id: string): Promise<void> {
		await this.#change(id, ({ n: _n, reason: _reason, ...kept }) => ({ ...kept, state: 'sending' }));
		this.#tell({});
	}

	/** They are in the room's log now. */
	async remove(ids: Iterable<string>): Promise<void> {
		for (const id of ids) await this.#change(id, () => null);
	}

	/** It is given up, in every tab. */
	async discard(id: string): Promise<void> {
		this.#tell({ discarded: id });
		await this.remove([id]);
	}

	/**
	 * Does `work` while no other tab of this browser does the same for this room, once it is this one's turn.
	 * @param signal gives up waiting for the turn; work that has begun looks at it by itself
	 * @param work is told whether the turn is still its own: others take it from a tab that is asleep
	 */
	async lead(signal: AbortSignal, work: (leads: () => boolean) => Promise<void>): Promise<void> {
		if (signal.aborted) return;
		const locks = globalThis.navigator?.locks;
		if (!locks) return work(() => true);
		const name = `kith outbox ${this.#person} ${this.#room}`;
		let turn: 'awaited' | 'ours' | 'over' = 'awaited';
		const begin = () => {
			patience.clear();
			if (signal.aborted) return;
			turn = 'ours';
			return work(() => turn === 'ours');
		};
		const wait = new AbortController();
		const giveUp = () => wait.abort();
		const patience = new Timer();
		patience.set(TURN_MOST, giveUp);
		signal.addEventListener('abort', giveUp);
		try {
			await locks.request(name, { signal: wait.signal }, begin).catch((error: unknown) => {
				if (turn !== 'awaited') throw error;
				if (signal.aborted) return;
				// A page that may not have locks gets another error than one that waited too long.
				return isAbort(error) ? locks.request(name, { steal: true }, begin) : begin();
			});
		} catch (error) {
			// Taken from us by a tab that waited too long.
			if (!isAbort(error)) throw error;
		} finally {
			turn = 'over';
			patience.clear();
			signal.removeEventListener('abort', giveUp);
		}
	}

	/** Hears of what other tabs do here. @returns what ends it */
	listen(listener: OutboxListener): () => void {
		if (typeof BroadcastChannel === 'undefined') return () => {};
		const channel = new BroadcastChannel(`kith outbox ${this.#person} ${this.#room}`);
		channel.onmessage = ({ data }: MessageEvent<{ discarded?: string }>) => {
			if (data.discarded === undefined) listener.changed();
			else listener.discarded(data.discarded);
		};
		this.#channel = channel;
		return () => {
			channel.close();
			if (this.#channel === channel) this.#channel = null;
		};
	}

	#read(): Promise<Kept[] | null> {
		return this.#next(async (db) => {
			const kept = await db.getAllFromIndex('messages', 'room', [this.#person, this.#room]);
			return kept.sort((a, b) => (a.n ?? 0) - (b.n ?? 0));
		});
	}

	async #add(kept: Omit<Kept, 'person' | 'room'>): Promise<boolean> {
		const done = await this.#next(async (db) => {
			if ((await this.#keyOf(db, kept.id)) === undefined)
				await db.add('messages', { ...kept, person: this.#person, room: this.#room });
			return true;
		});
		return done ?? false;
	}

	#tell(what: { discarded?: string }): void {
		this.#channel?.postMessage(what);
	}

	#change(id: string, change: (kept: Kept) => Kept | null): Promise<unknown> {
		return this.#next(async (db) => {
			const key = await this.#keyOf(db, id);
			if (key === undefined) return;
			const transaction = db.transaction('messages', 'readwrite');
			const kept = await transaction.store.get(key);
			const changed = kept && change(kept);
			if (kept && changed?.n === undefined) await transaction.store.delete(key);
			if (changed) await transaction.store.put(changed);
			await transaction.done;
		});
	}

	#keyOf(db: Database, id: string): Promise<number | undefined> {
		return db.getKeyFromIndex('messages', 'id', [this.#person, this.#room, id]);
	}

	/** One thing after the other, so that a message is never removed before it was added. */
	#next<Result>(work: (db: Database) => Promise<Result>): Promise<Result | null> {
		const done = this.#last.then(async () => {
			if (stuck || !globalThis.indexedDB) return null;
			const timer = new Timer();
			const tooLong = new Promise<null>((resolve) =>
				timer.set(PATIENCE, () => {
					stuck = true;
					resolve(null);
				}),
			);
			// A page that may not have a database gets an exception, not a rejection.
			const worked = Promise.resolve()
				.then(open)
				.then(work)
				.catch(() => null)
				.finally(() => {
					timer.clear();
					stuck = false;
				});
			return Promise.race([worked, tooLong]);
		});
		this.#last = done;
		return done;
	}
}

const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError';
