import type { ClientFrame } from '#lib/chat/protocol.ts';
import type { Outbox } from './outbox.ts';
import { Timer } from './timer.ts';

/** How long the room may take to delete before the line is doubted and the same is asked for again. */
const ANSWER_DEADLINE = 10_000;

export interface DeletionLine {
	/** Says it, if there is a line. */
	say(frame: ClientFrame): boolean;
	/** The line does not answer. */
	doubt(): void;
}

/** The messages of mine that I want deleted and that are not yet (M7), in this page and kept by the browser (C3). */
export class Deletions {
	#ids: ReadonlySet<string> = $state.raw(new Set());
	readonly #outbox: Outbox;
	readonly #line: DeletionLine;
	readonly #due = new Timer();

	constructor(outbox: Outbox, line: DeletionLine) {
		this.#outbox = outbox;
		this.#line = line;
	}

	has(id: string): boolean {
		return this.#ids.has(id);
	}

	/** Their ids, in the order of asking. */
	get all(): readonly string[] {
		return [...this.#ids];
	}

	/** @returns false when that is asked for already */
	add(id: string): boolean {
		if (this.has(id)) return false;
		this.#ids = new Set([...this.#ids, id]);
		void this.#outbox.addDeletion(id);
		return true;
	}

	/** They are deleted, or cannot be. */
	remove(ids: readonly string[]): void {
		const gone = ids.filter((id) => this.has(id));
		if (gone.length === 0) return;
		this.#ids = new Set(this.all.filter((id) => !gone.includes(id)));
		void this.#outbox.removeDeletions(gone);
	}

	/** Takes up what earlier pages left. @returns the ids that are new here */
	async reread(): Promise<string[]> {
		const left = ((await this.#outbox.deletions()) ?? []).filter((id) => !this.has(id));
		if (left.length > 0) this.#ids = new Set([...this.#ids, ...left]);
		return left;
	}

	/** Asks the room for these, or for all: there is a line. Asking twice does no harm. */
	ask(ids = this.all): void {
		for (const id of ids) this.#line.say({ type: 'delete', id });
		if (this.#ids.size === 0 || this.#due.running) return;
		this.#due.set(ANSWER_DEADLINE, () => {
			if (this.#ids.size > 0) this.#line.doubt();
			this.ask();
		});
	}

	/** The line is gone. */
	stop(): void {
		this.#due.clear();
	}
}
