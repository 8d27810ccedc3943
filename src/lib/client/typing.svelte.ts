import { TYPING_EVERY, TYPING_LASTS } from '#lib/chat/limits.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { Timer } from './timer.ts';

type Hint = Extract<ServerFrame, { type: 'typing' }>['what'];

/** P1: what the friend is doing just now, and telling them what I do: hints, which may be lost. */
export class Typing {
	#theirs: Hint = $state('nothing');
	readonly #say: (frame: ClientFrame) => boolean;
	#over = new Timer();
	#saidAt = 0;
	#said: Hint = 'nothing';

	constructor(say: (frame: ClientFrame) => boolean) {
		this.#say = say;
	}

	get theirs(): Hint {
		return this.#theirs;
	}

	/** Hears every frame of the room. @param friend whose messages end what they were doing */
	hear(frame: ServerFrame, friend: string): void {
		if (frame.type === 'message' && frame.message.from === friend) this.#become('nothing');
		else if (frame.type === 'typing' && frame.person === friend) this.#become(frame.what);
	}

	/** I do this now. */
	does(what: Hint): void {
		const now = Date.now();
		if (what === this.#said && (what === 'nothing' || now - this.#saidAt < TYPING_EVERY)) return;
		this.#said = what;
		this.#saidAt = now;
		this.#say({ type: 'typing', what });
	}

	/** What I was doing ended in a message, which says so itself. */
	sent(): void {
		this.#said = 'nothing';
	}

	#become(what: Hint): void {
		this.#theirs = what;
		if (what === 'nothing') this.#over.clear();
		else this.#over.set(TYPING_LASTS, () => (this.#theirs = 'nothing'));
	}
}
