import { Here } from './here.svelte.ts';
import type { RoomSession } from './room-session.svelte.ts';
import { Typing } from './typing.svelte.ts';

/** The friend in this conversation just now, and I for them: who is here, and who writes or records (P1, P4). */
export class Company {
	readonly #session: RoomSession;
	readonly #friend: string;
	readonly #typing: Typing;
	readonly #here: Here;

	/** In the browser only. @param friend their id */
	constructor(session: RoomSession, friend: string) {
		this.#session = session;
		this.#friend = friend;
		this.#typing = new Typing((frame) => session.say(frame));
		this.#here = new Here(session, friend);
	}

	/** What the friend is doing. */
	get theirs(): Typing['theirs'] {
		return this.#typing.theirs;
	}

	/** Whether they have the conversation before their eyes. */
	get here(): boolean {
		return this.#here.theirs;
	}

	/** @returns what ends it */
	open(): () => void {
		const leave = this.#here.open();
		const deaf = this.#session.listen((frame) => this.#typing.hear(frame, this.#friend));
		return () => {
			leave();
			deaf();
		};
	}

	/** There is a line now, or none any more. */
	line(up: boolean): void {
		this.#typing.line(up);
		this.#here.line(up);
	}

	/** I do this now. */
	does(what: Parameters<Typing['does']>[0]): void {
		this.#typing.does(what);
	}

	/** What I was doing ended in a message. */
	sent(): void {
		this.#typing.sent();
	}
}
