import { encode, parseServerFrame } from '#lib/chat/protocol.ts';
import type { CallClientFrame } from '#lib/chat/call-frames.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { Socket } from '../socket.ts';
import type { Surroundings } from '../surroundings.ts';
import type { CallLine } from './call-line.ts';

type Listener = Parameters<CallLine['listen']>[0];

/**
 * A call's own line to its room. It belongs to the call and not to a page, so that the call goes on while its people walk
 * from page to page, also past the room's own (K2b).
 */
export class RoomLine implements CallLine {
	readonly #socket: Socket;
	readonly #listeners = new Set<Listener>();
	/** The room has been asked for its call on the present line, and has not answered yet. */
	#asked = false;

	constructor(room: RoomName, me: PersonId, surroundings?: Surroundings) {
		this.#socket = new Socket(
			{
				path: `/ws/chat/${room}`,
				me,
				room,
				opened: () => {
					this.#asked = true;
					this.#socket.send(encode({ type: 'call' }));
				},
				received: (data) => this.#received(data),
				changed: (state, why) => {
					if (state !== 'closed') return;
					for (const listener of [...this.#listeners])
						listener.closed(why === 'friendship_ended' ? 'ended' : 'other');
				},
			},
			surroundings,
		);
		this.#socket.open();
	}

	send(frame: CallClientFrame): void {
		// What is said before the room has told its call is said again once it has.
		if (!this.#asked) this.#socket.send(encode(frame));
	}

	listen(listener: Listener): () => void {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}

	close(): void {
		this.#listeners.clear();
		this.#socket.close();
	}

	#received(data: string): void {
		const frame = parseServerFrame(data);
		switch (frame?.type) {
			case 'call':
			case 'signal':
			case 'credentials':
			case 'refused':
				for (const listener of [...this.#listeners]) listener.frame(frame);
		}
		if (frame?.type === 'call' && this.#asked) {
			this.#asked = false;
			for (const listener of [...this.#listeners]) listener.open();
		}
	}
}
