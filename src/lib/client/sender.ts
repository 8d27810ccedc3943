import * as logs from '#lib/chat/log.ts';
import type { Log } from '#lib/chat/log.ts';
import type { Pending } from '#lib/chat/message.ts';
import type { Refusal } from '#lib/chat/protocol.ts';
import type { Outbox } from './outbox.ts';
import { Timer } from './timer.ts';

/** How long an acknowledgement may take before the line is doubted and the same is sent again. */
const ACKNOWLEDGEMENT_DEADLINE = 10_000;
/** What another tab says is left to that tab for so long; for less when something of ours comes after it. */
const ADOPT_AFTER = 15_000;
const ADOPT_BEFORE_OWN = 2_000;

/** What a sender works on: the log whose pending messages it sends, and the line. */
export interface Desk {
	outbox: Outbox;
	log(): Log;
	become(log: Log): void;
	/** Sends it, if there is a line. */
	send(pending: Pending): void;
	/** The line does not answer. */
	doubt(): void;
}

/**
 * Gets what I say into the room: every message once, in the order of saying, with one on its way at a time, because only
 * so is the order safe from a refusal. What this tab says goes out directly; what was left from before the line came, by
 * this tab, others or earlier pages, is sent by the tab that leads.
 */
export class Sender {
	readonly #desk: Desk;
	/** What this tab said itself. */
	readonly #own = new Set<string>();
	#live = false;
	#paused = false;
	#inFlight: string | null = null;
	/** All that had to go before what this tab says now is gone. */
	#clear = false;
	#turn: { over: AbortController; leads: () => boolean; done: () => void } | null = null;
	readonly #acknowledgementDue = new Timer();
	readonly #adopting = new Timer();

	constructor(desk: Desk) {
		this.#desk = desk;
	}

	/** Is it still sending what was left? */
	get isCatchingUp(): boolean {
		return this.#turn !== null && this.#waiting().length > 0;
	}

	/** The line is there, and what was missed has come. */
	start(): void {
		this.#live = true;
		void this.#lead();
	}

	/** The line is gone. */
	stop(): void {
		this.#live = this.#paused = this.#clear = false;
		this.#inFlight = null;
		this.#turn?.over.abort();
		this.#turn = null;
		this.#acknowledgementDue.clear();
		this.#adopting.clear();
	}

	/** The room wants to hear nothing for a while; what is on its way was refused. */
	pause(): void {
		this.#paused = true;
		this.#inFlight = null;
		this.#acknowledgementDue.clear();
	}

	resume(): void {
		this.#paused = false;
		this.#pump();
	}

	/** Says something. Resolves once it is kept, or cannot be. */
	async add(pending: Pending): Promise<void> {
		const log = logs.addPending(this.#desk.log(), pending);
		if (log === this.#desk.log()) return;
		this.#own.add(pending.id);
		this.#desk.become(log);
		const kept = this.#desk.outbox.add(pending);
		// What is before it may not be waited for as long as if nothing came after.
		this.#adopting.clear();
		this.#pump();
		await kept;
	}

	/** Tries one again that failed. */
	async retry(id: string): Promise<void> {
		const log = logs.retry(this.#desk.log(), id);
		if (log === this.#desk.log()) return;
		this.#own.add(id);
		this.#desk.become(log);
		this.#pump();
		await this.#desk.outbox.retry(id);
		// What was read of the outbox just before still says that it failed.
		await this.reread();
	}

	discard(id: string): void {
		this.#desk.become(logs.discard(this.#desk.log(), id));
		void this.#desk.outbox.discard(id);
	}

	/** The room refused what has this id, or something that it could not even read. */
	refused(code: Refusal, id: string | undefined): void {
		const failed = id ?? (code === 'malformed' || code === 'too_big' ? this.#inFlight : null);
		if (failed === null || !this.#desk.log().pending.some((pending) => pending.id === failed)) return;
		this.#fail(failed, code);
		if (failed === this.#inFlight) this.#landed();
	}

	/** Nothing can be said here any more. It is not to be sent by surprise should that change one day. */
	failAll(reason: Refusal): void {
		for (const { id } of this.#waiting()) this.#fail(id, reason);
	}

	/** Those that wait no longer were acknowledged or given up: nobody needs to keep them. */
	settle(before: readonly Pending[]): void {
		const now = this.#desk.log().pending;
		const gone = before.filter(({ id }) => !now.some((pending) => pending.id === id)).map(({ id }) => id);
		if (gone.length === 0) return;
		void this.#desk.outbox.remove(gone);
		for (const id of gone) this.#own.delete(id);
		if (this.#inFlight !== null && gone.includes(this.#inFlight)) this.#landed();
		else this.#pump();
	}

	/** Takes over what the outbox says. What this tab said and could not keep waits behind it. */
	async reread(): Promise<void> {
		this.#take(await this.#desk.outbox.all());
		this.#pump();
	}

	#take(kept: readonly Pending[] | null): void {
		if (!kept) return;
		const log = this.#desk.log();
		const ids = new Set(kept.map(({ id }) => id));
		const unkept = log.pending.filter(({ id }) => !ids.has(id) && this.#own.has(id));
		this.#desk.become(logs.replacePending(log, [...kept, ...unkept]));
		// Said, acknowledged and still kept: the page was closed in between.
		const over = kept.filter(({ id }) => logs.said(log, id)).map(({ id }) => id);
		if (over.length > 0) void this.#desk.outbox.remove(over);
	}

	#waiting(): Pending[] {
		return this.#desk.log().pending.filter(({ state }) => state === 'sending');
	}

	#fail(id: string, reason: Refusal): void {
		this.#desk.become(logs.fail(this.#desk.log(), id, reason));
		void this.#desk.outbox.fail(id, reason);
	}

	#landed(): void {
		this.#inFlight = null;
		this.#acknowledgementDue.clear();
		this.#pump();
	}

	/** Sends what comes first, when it is this tab's to send. */
	#pump(): void {
		if (!this.#live || this.#paused || this.#inFlight !== null) return;
		const waiting = this.#waiting();
		const [next] = waiting;
		if (next && (this.#turn?.leads() || (this.#clear && this.#own.has(next.id)))) {
			this.#inFlight = next.id;
			this.#acknowledgementDue.set(ACKNOWLEDGEMENT_DEADLINE, () => {
				this.#desk.doubt();
				this.#inFlight = null;
				this.#pump();
			});
			this.#desk.send(next);
		} else if (!next) {
			this.#turn?.done();
			this.#adopting.clear();
		} else if (!this.#turn && !this.#adopting.running) {
			// Another tab is saying it, or was when it was closed.
			const isInTheWay = waiting.some(({ id }) => this.#own.has(id));
			this.#adopting.set(isInTheWay ? ADOPT_BEFORE_OWN : ADOPT_AFTER, () => void this.#lead());
		}
	}

	/** Waits for this tab's turn, and then sends all that waits (C2, C3). */
	async #lead(): Promise<void> {
		if (this.#turn) return;
		const { outbox } = this.#desk;
		const over = new AbortController();
		const turn = { over, leads: () => false, done: () => {} };
		this.#turn = turn;
		try {
			await outbox.lead(over.signal, async (leads) => {
				const kept = await outbox.all();
				if (over.signal.aborted || !leads()) return;
				this.#take(kept);
				turn.leads = leads;
				this.#clear = true;
				await new Promise<void>((resolve) => {
					turn.done = resolve;
					over.signal.addEventListener('abort', () => resolve());
					this.#pump();
				});
			});
		} finally {
			if (this.#turn === turn) this.#turn = null;
			this.#pump();
		}
	}
}
