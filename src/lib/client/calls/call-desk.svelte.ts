import { createContext } from 'svelte';
import type { CallFrame } from '#lib/chat/call-frames.ts';
import type { CallKind } from '#lib/chat/call.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { CallSession } from './call-session.svelte.ts';

export interface CallFriend {
	id: PersonId;
	name: string;
	username: string;
}

/** A call on the screen, with whom, and where. */
export interface OnTheDesk {
	session: CallSession;
	friend: CallFriend;
	room: RoomName;
}

/**
 * The one call that a tab is in. The app's layout has it, so that it rings on whatever page is open, and goes on while
 * pages come and go. What a call needs is loaded with the first one.
 */
export class CallDesk {
	current: OnTheDesk | null = $state.raw(null);
	/** Beside the page instead of over it. */
	small = $state(false);

	readonly #me: PersonId;
	/** The newest that was heard of each room's call, and the calls that this tab is done with. */
	readonly #revisions = new Map<RoomName, number>();
	readonly #over = new Set<string>();
	/** Where a call is being got ready: `out` when it is mine. */
	#opening: { room: RoomName; out: boolean } | null = null;

	constructor(me: PersonId) {
		this.#me = me;
	}

	get busy(): boolean {
		return this.#opening !== null || (this.current !== null && !this.current.session.over);
	}

	/** Calls a friend. @throws when what a call needs cannot be loaded */
	async ring(room: RoomName, friend: CallFriend, kind: CallKind): Promise<void> {
		if (this.busy) return;
		this.#opening = { room, out: true };
		try {
			const { ring } = await import('./call-start.ts');
			this.#show({ session: ring(this.#me, room, kind), friend, room });
		} finally {
			this.#opening = null;
		}
	}

	/** A room's call has changed, as somebody other than the call's own line tells. */
	async heard(room: RoomName, friend: CallFriend, told: CallFrame): Promise<void> {
		if (this.current?.room === room) this.current.session.hear(told);
		if (told.revision < (this.#revisions.get(room) ?? 0)) return;
		this.#revisions.set(room, told.revision);
		const { call } = told;
		const rings = call?.state === 'ringing' && call.callee === this.#me && told.now < call.ringUntil;
		if (!rings || this.#over.has(call.id)) return;
		const { current } = this;
		if (current?.room === room && current.session.call?.id === call.id) return;
		// I am calling them too: the room makes one call of it.
		const calling = current?.room === room && current.session.outgoing && !current.session.over;
		if (calling || (this.#opening?.room === room && this.#opening.out)) return;
		this.#over.add(call.id);

		const busy = this.busy;
		if (!busy) this.#opening = { room, out: false };
		try {
			const { take } = await import('./call-start.ts');
			const session = take(this.#me, room, told);
			if (busy) session?.sayBusy();
			else if (session) this.#show({ session, friend, room });
		} catch {
			// What a call needs did not load: it rings with the next that is told of it.
			this.#over.delete(call.id);
		} finally {
			if (!busy) this.#opening = null;
		}
	}

	/** Takes a call that is over off the screen. */
	clear(): void {
		if (this.current?.session.over) this.current = null;
	}

	/** The tab goes away. */
	close(): void {
		this.current?.session.close();
		this.current = null;
	}

	#show(call: OnTheDesk): void {
		this.clear();
		this.small = false;
		this.current = call;
	}
}

export const [getCallDesk, setCallDesk] = createContext<CallDesk>();
