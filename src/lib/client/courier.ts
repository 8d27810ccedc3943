import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { waitingRooms } from './outbox.ts';
import { RoomSession } from './room-session.svelte.ts';
import { browser, type Surroundings } from './surroundings.ts';

/** A page that shows the room sends by itself; what is older than this was left behind by one. */
const LEFT = 15_000;
const LOOK_EVERY = 30_000;

/**
 * Sends what was said in rooms that no page shows any more: written offline and left, or before the browser was
 * restarted (C3). One per tab is enough, on any page; tabs do not get in each other's way.
 */
export class Courier {
	readonly #me: PersonId;
	readonly #given: Surroundings | undefined;
	readonly #rounds = new Map<RoomName, RoomSession>();
	#stop: (() => void) | null = null;

	constructor(me: PersonId, surroundings?: Surroundings) {
		this.#me = me;
		this.#given = surroundings;
	}

	/** Starts looking. In the browser only. @returns what ends it */
	open(): () => void {
		if (this.#stop) return this.#stop;
		const { window } = this.#given ?? browser();
		const look = () => void this.#look();
		const looking = setInterval(look, LOOK_EVERY);
		window.addEventListener('online', look);
		look();
		return (this.#stop = () => {
			this.#stop = null;
			clearInterval(looking);
			window.removeEventListener('online', look);
			for (const session of this.#rounds.values()) session.close();
			this.#rounds.clear();
		});
	}

	async #look(): Promise<void> {
		const rooms = await waitingRooms(this.#me, Date.now() - LEFT);
		if (!this.#stop) return;
		for (const [room, session] of this.#rounds)
			if (!rooms.includes(room)) {
				session.close();
				this.#rounds.delete(room);
			}
		for (const room of rooms) {
			if (this.#rounds.has(room)) continue;
			const history = { messages: [], more: false, last: 0, revision: 0, marks: [] };
			const session = new RoomSession({ room, me: this.#me, history }, this.#given);
			this.#rounds.set(room, session);
			session.open();
		}
	}
}
