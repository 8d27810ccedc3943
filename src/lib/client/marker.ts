import type { Log } from '#lib/chat/log.ts';
import type { ClientFrame } from '#lib/chat/protocol.ts';
import { Timer } from './timer.ts';

/** Marks wait so long for more of them. */
const MARKS_PAUSE = 200;

/** What a marker looks at, and the line. */
export interface Reading {
	log(): Log;
	/** Does somebody look at the page? */
	isLookedAt(): boolean;
	/** `busy`: there is a line, but something has to go before marks (C2). */
	line(): 'none' | 'busy' | 'free';
	say(frame: ClientFrame): boolean;
}

/** Tells the room what has come and what was read (R1, R2): nothing twice on one line, and nothing for what I said. */
export class Marker {
	readonly #reading: Reading;
	/** The highest number that the page has shown. */
	#shown = 0;
	/** What was marked on the present line. */
	#marked = { delivered: 0, read: 0 };
	readonly #due = new Timer();

	constructor(reading: Reading) {
		this.#reading = reading;
	}

	/** The page shows this message, and so all before it. */
	shows(seq: number): void {
		if (seq <= this.#shown) return;
		this.#shown = seq;
		this.soon();
	}

	soon(): void {
		if (this.#reading.line() !== 'none' && !this.#due.running) this.#due.set(MARKS_PAUSE, () => this.#mark());
	}

	/** What was marked may not have been heard. */
	again(): void {
		this.#marked = { delivered: 0, read: 0 };
	}

	stop(): void {
		this.#due.clear();
	}

	#mark(): void {
		const line = this.#reading.line();
		if (line === 'none') return;
		if (line === 'busy') return this.soon();
		const { last, marks } = this.#reading.log();
		const { mine } = marks;
		const shown = this.#reading.isLookedAt() ? Math.min(this.#shown, last) : 0;
		const read = this.#hasTheirs(Math.max(mine.read, this.#marked.read), shown) ? shown : 0;
		const known = Math.max(mine.delivered, this.#marked.delivered, read);
		const delivered = this.#hasTheirs(known, last) ? last : 0;
		if (!read && !delivered) return;
		const frame = { ...(delivered && { delivered }), ...(read && { read }) };
		if (this.#reading.say({ type: 'mark', ...frame }))
			this.#marked = {
				delivered: Math.max(this.#marked.delivered, delivered, read),
				read: Math.max(this.#marked.read, read),
			};
	}

	/** Is there a message of the friend's after one number, up to another? */
	#hasTheirs(after: number, upTo: number): boolean {
		const { messages, me } = this.#reading.log();
		return messages.some(({ seq, from }) => seq > after && seq <= upTo && from !== me);
	}
}
