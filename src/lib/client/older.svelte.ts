import { PAGE_SIZE } from '#lib/chat/limits.ts';
import type { ClientFrame } from '#lib/chat/protocol.ts';
import type { History } from '#lib/chat/rpc.ts';
import { Timer } from './timer.ts';

/** How long the room may take to answer before the line is doubted. */
const ANSWER_DEADLINE = 10_000;

/** Where older history comes from. */
export interface OlderSource {
	/** The number of the first message that is there, and whether there is one before it. */
	first(): { seq: number; hasOlder: boolean };
	/** Is there a line that is caught up? */
	isLive(): boolean;
	say(frame: ClientFrame): boolean;
	/** The line does not answer. */
	doubt(): void;
	/** Reads it where there is no line. Null when it cannot be had. */
	read(before: number): Promise<Pick<History, 'messages'> | null>;
	/** Puts it before what is there. */
	take(messages: History['messages']): void;
}

/** Reads back: the page of history before what is there, one at a time. */
export class Older {
	#loading = $state(false);
	#failed = $state(false);
	readonly #source: OlderSource;
	#asked: { before: number; done: (came: boolean) => void } | null = null;

	constructor(source: OlderSource) {
		this.#source = source;
	}

	get loading(): boolean {
		return this.#loading;
	}

	/** The last `load` brought nothing. */
	get failed(): boolean {
		return this.#failed;
	}

	async load(): Promise<void> {
		const { seq, hasOlder } = this.#source.first();
		if (this.#loading || !hasOlder) return;
		this.#loading = true;
		try {
			this.#failed = !(await (this.#source.isLive() ? this.#byLine(seq) : this.#withoutLine(seq)));
		} finally {
			this.#loading = false;
		}
	}

	/** A page came by the line, and is in the log. */
	came(before: number): void {
		if (before === this.#asked?.before) this.#asked.done(true);
	}

	/** What was asked will not be answered. */
	lost(): void {
		this.#asked?.done(false);
	}

	#byLine(before: number): Promise<boolean> {
		return new Promise((resolve) => {
			const late = new Timer();
			const done = (came: boolean) => {
				late.clear();
				this.#asked = null;
				resolve(came);
			};
			this.#asked = { before, done };
			late.set(ANSWER_DEADLINE, () => {
				this.#source.doubt();
				done(false);
			});
			if (!this.#source.say({ type: 'page', before, limit: PAGE_SIZE })) done(false);
		});
	}

	async #withoutLine(before: number): Promise<boolean> {
		const page = await this.#source.read(before);
		if (page) this.#source.take(page.messages);
		return page !== null;
	}
}
