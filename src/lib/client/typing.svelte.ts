import { TYPING_EVERY, TYPING_LASTS } from '#lib/chat/limits.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { Timer } from './timer.ts';

type Hint = Extract<ServerFrame, { type: 'typing' }>['what'];

/** P1: what the friend is doing just now, and telling them what I do: hints, which may be lost. */
export class Typing {
	#theirs: Hint = $state('nothing');
	readonly #say: (frame: ClientFrame) => boolean;
	#over = new Timer();
	/** What the friend was told on this line, and when. */
	#said: Hint = 'nothing';
	#saidAt = 0;
	/** What I do, and when I last did. */
	#doing: Hint = 'nothing';
	#didAt = 0;

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

	/** I do this now. What cannot be said for want of a line is said when there is one, unless it is long past by then. */
	does(what: Hint): void {
		this.#doing = what;
		this.#didAt = Date.now();
		this.#tell();
	}

	#tell(): void {
		const now = Date.now();
		const what = this.#doing;
		if (what === this.#said && (what === 'nothing' || now - this.#saidAt < TYPING_EVERY)) return;
		if (!this.#say({ type: 'typing', what })) return;
		this.#said = what;
		this.#saidAt = now;
	}

	/** What I was doing ended in a message, which says so itself. */
	sent(): void {
		this.#said = this.#doing = 'nothing';
	}

	/** There is a line now, or none any more: then the friend forgets by themselves what they were told. */
	line(up: boolean): void {
		if (!up) this.#said = 'nothing';
		else if (Date.now() - this.#didAt < TYPING_LASTS) this.#tell();
	}

	#become(what: Hint): void {
		this.#theirs = what;
		if (what === 'nothing') this.#over.clear();
		else this.#over.set(TYPING_LASTS, () => (this.#theirs = 'nothing'));
	}
}
