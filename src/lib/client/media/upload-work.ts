import { Timer } from '../timer.ts';
import type { Outgoing } from './database.ts';

/** One message on its way, in this tab. */
export class UploadWork {
	readonly outgoing: Outgoing;
	/** Its bytes have arrived; the message is with the room's outbox. */
	handed = false;
	/** Resolves when it is with the room's outbox, has failed or is given up: what was chosen after it waits no longer. */
	readonly settled: Promise<void>;
	#settle: () => void = () => {};
	readonly #stop = new AbortController();
	readonly #pause = new Timer();
	#wake: () => void = () => {};
	#failed = false;

	constructor(outgoing: Outgoing) {
		this.outgoing = outgoing;
		this.settled = new Promise((done) => (this.#settle = done));
	}

	get signal(): AbortSignal {
		return this.#stop.signal;
	}

	hand(): void {
		this.handed = true;
		this.#settle();
	}

	stop(): void {
		this.#stop.abort();
		this.#settle();
		this.#wake();
	}

	/** The line may be back: do not wait any longer. */
	hurry(): void {
		if (!this.#failed) this.#wake();
	}

	retry(): void {
		this.#wake();
	}

	pause(ms: number): Promise<void> {
		return new Promise((done) => {
			this.#wake = () => {
				this.#pause.clear();
				done();
			};
			this.#pause.set(ms, done);
		});
	}

	async untilRetried(): Promise<void> {
		if (this.signal.aborted) return;
		this.#failed = true;
		this.#settle();
		await new Promise<void>((done) => (this.#wake = done));
		this.#failed = false;
	}
}
