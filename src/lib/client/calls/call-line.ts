import type { CallClientFrame, CallServerFrame } from '#lib/chat/call-frames.ts';

/** The room's socket, as much as a call needs of it. */
export interface CallLine {
	/** Says it if the line is up; what matters is said again when it comes back. */
	send(frame: CallClientFrame): void;
	/** @returns how to stop listening */
	listen(listener: {
		frame(frame: CallServerFrame | RefusedCall): void;
		/** The line came up, for the first time or again, and has told the room's call. */
		open(): void;
		/** The line will not come back by itself: the server does not want this person here, or not any more. */
		closed(because: 'ended' | 'other'): void;
	}): () => void;
}

/** The `refused` frame of protocol.ts; `id` is the call's. */
export interface RefusedCall {
	type: 'refused';
	code: string;
	id?: string | undefined;
	retryAfter?: number | undefined;
}

/** The ways out of a call: said to the end, also when it is over here. */
const PARTINGS = ['decline', 'cancel', 'hang_up'] as const;
export type Parting = Extract<CallClientFrame, { type: (typeof PARTINGS)[number] }>;
type OwedFrame = Parting | Extract<CallClientFrame, { type: 'ring' | 'answer' | 'ready' | 'credentials' }>;
type Owed = OwedFrame['type'];

/** What is said until the room has heard it, however often the line breaks in between. */
export class OwedFrames {
	readonly #frames = new Map<Owed, OwedFrame>();
	readonly #line: CallLine;

	constructor(line: CallLine) {
		this.#line = line;
	}

	get none(): boolean {
		return this.#frames.size === 0;
	}

	/** Says it now, and again until it is heard. */
	owe(frame: OwedFrame): void {
		this.note(frame);
		this.#line.send(frame);
	}

	/** To be said from the next time on. */
	note(frame: OwedFrame): void {
		this.#frames.set(frame.type, frame);
	}

	has(type: Owed): boolean {
		return this.#frames.has(type);
	}

	/** @returns whether it was owed */
	heard(type: Owed): boolean {
		return this.#frames.delete(type);
	}

	sayAgain(): void {
		for (const frame of this.#frames.values()) this.#line.send(frame);
	}

	clear(): void {
		this.#frames.clear();
	}

	/** Nothing is owed any more but a good-bye. */
	keepPartings(): void {
		for (const type of this.#frames.keys()) {
			if (!(PARTINGS as readonly string[]).includes(type)) this.#frames.delete(type);
		}
	}
}
