import type { Message } from '#lib/chat/message.ts';
import * as views from '#lib/chat/view.ts';
import type { RoomSession } from '#lib/client/room-session.svelte.ts';

/** When more than this is known, and the newest is being read, only so much of it is kept. */
const KNOWN_MOST = 1_000;
const KEPT = 500;

/** Where somebody is in a conversation: which part of it is drawn, what has been on the screen, and what is new. */
export class Reading {
	/** The newest message is on the screen. */
	following = $state(true);

	readonly #session: RoomSession;
	#view: views.View = $state.raw()!;
	/** The friend's messages up to this number have been on the screen. */
	#shown = $state(0);
	/** Above the first of the friend's after this number is a line that says where the new begins. */
	#newAfter: number | null = $state(null);
	#arrived: number;

	constructor(session: RoomSession) {
		this.#session = session;
		const { messages, myMarks } = session;
		this.#view = { from: messages[0]?.seq ?? 1, to: null };
		this.#shown = views.readUpTo({ messages: [...messages], marks: [myMarks] }, session.me);
		this.#arrived = messages.at(-1)?.seq ?? 0;
		if (this.unseen > 0) this.#newAfter = this.#shown;
	}

	/** What is drawn. */
	get messages(): readonly Message[] {
		return views.drawn(this.#session.messages, this.#view);
	}

	/** There is more after what is drawn. */
	get beyond(): boolean {
		return views.reachesDown(this.#session.messages, this.#view);
	}

	/** There is more before what is drawn. */
	get above(): boolean {
		return views.reachesUp(this.#session.messages, this.#view) || this.#session.hasOlder;
	}

	/** How many of the friend's messages have not been on a screen. */
	get unseen(): number {
		const { messages, myMarks } = this.#session;
		const seen = Math.max(this.#shown, myMarks.read);
		let count = 0;
		for (let at = messages.length - 1; at >= 0; at--) {
			const message = messages[at];
			if (!message || message.seq <= seen) break;
			if (this.#isTheirs(message)) count++;
		}
		return count;
	}

	/** The number of the message above which the new begins; null when nothing is new, or it begins before what is known. */
	get newFrom(): number | null {
		const after = this.#newAfter;
		const { messages } = this.#session;
		if (after === null || (messages[0]?.seq ?? 1) > after + 1) return null;
		return messages.find((message) => message.seq > after && this.#isTheirs(message))?.seq ?? null;
	}

	/** This message was on the screen, before somebody's eyes. */
	saw(seq: number): void {
		this.#shown = Math.max(this.#shown, seq);
		this.#session.seen(seq);
	}

	/** What is known may have grown at its end. */
	hear(messages: readonly Message[]): void {
		const last = messages.at(-1);
		if (!last || last.seq <= this.#arrived) return;
		this.#arrived = last.seq;
		const isWatched = this.following && document.visibilityState === 'visible' && document.hasFocus();
		if (isWatched || last.from === this.#session.me) return;
		const seen = Math.max(this.#shown, this.#session.myMarks.read);
		if (this.#newAfter === null || this.#newAfter < seen) this.#newAfter = seen;
	}

	/** Whoever answers has read. */
	answered(): void {
		this.#newAfter = null;
	}

	latest(): void {
		if (this.beyond) this.#view = views.newest(this.#session.messages);
	}

	async older(): Promise<void> {
		const session = this.#session;
		if (!views.reachesUp(session.messages, this.#view)) await session.loadOlder();
		this.#view = views.up(session.messages, this.#view);
	}

	newer(): void {
		this.#view = views.down(this.#session.messages, this.#view);
	}

	/** Nobody scrolls any more, and reads nearer to this end of what is drawn: what is far away is let go of. */
	rest(at: 'top' | 'bottom'): void {
		const session = this.#session;
		this.#view = views.trim(session.messages, this.#view, at);
		if (this.following && session.messages.length > KNOWN_MOST) session.forgetOlder(KEPT);
	}

	#isTheirs({ from, body }: Message): boolean {
		return from !== this.#session.me && body.kind !== 'deleted';
	}
}
