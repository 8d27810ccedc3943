/**
 * What a room does by itself, and when. An object has one alarm; this keeps a table of jobs by name and sets the alarm for
 * the earliest. Local deadlines run first and at once. What goes out to others runs beside the alarm, never inside it:
 * an alarm that waits for the network holds back the next deadline, and one that fails too often is given up.
 */

/** A job that needs nothing but the room. Returns when it is next due, or null. */
export type LocalJob = (now: number) => number | null;
/** A job that asks others. It should end soon after `signal` aborts. Returns when it is next due, or null. */
export type OutgoingJob = (now: number, signal: AbortSignal) => Promise<number | null>;

export interface Jobs {
	local: Record<string, LocalJob>;
	outgoing: Record<string, OutgoingJob>;
	/** Is told of a job that threw. It is run again later. */
	failed(job: string, error: unknown): void;
	/** Keeps the object alive until this has settled. */
	beside(work: Promise<void>): void;
}

/** How long an outgoing job may take before it is told to stop. */
const PATIENCE = 10_000;
/** One that has not ended by then was lost with the object that ran it. */
const LOST_AFTER = 20_000;
/** A job that threw, and so has a bug, is run again after this. */
const AFTER_FAILURE = 30_000;

export class Alarms {
	readonly #storage: DurableObjectStorage;
	/** Outgoing jobs under way. An eviction forgets them, and they come again once they are lost. */
	readonly #running = new Set<string>();

	/** The table must be there before anything is set: see room-schema.ts. */
	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
	}

	/** When a job is due, or null. */
	due(job: string): number | null {
		const [row] = this.#storage.sql
			.exec<{ due: number }>('SELECT due FROM alarms WHERE what = ?', job)
			.toArray();
		return row?.due ?? null;
	}

	/** Says when a job is due, whatever was said before; null: not at all. */
	set(job: string, due: number | null): void {
		const { sql } = this.#storage;
		if (due === null) {
			sql.exec('DELETE FROM alarms WHERE what = ?', job);
			return; // an alarm that comes for nothing costs less than moving it
		}
		const before = this.#earliest();
		sql.exec('INSERT OR REPLACE INTO alarms (what, due) VALUES (?, ?)', job, due);
		if (before === null || due < before) void this.#storage.setAlarm(due);
	}

	/** Makes a job due no later than this. */
	hasten(job: string, due: number): void {
		const before = this.due(job);
		if (before === null || due < before) this.set(job, due);
	}

	/** Runs an outgoing job at once, not by alarm. One that is running is let end: it looks at the room again then. */
	start(job: string, jobs: Jobs, now: number): void {
		const run = jobs.outgoing[job];
		if (!run || this.#running.has(job)) return;
		this.set(job, now + LOST_AFTER);
		jobs.beside(this.#run(job, run, jobs, now));
	}

	/** Runs what is due. For the object's alarm(); never throws. */
	ring(jobs: Jobs, now: number): void {
		const due = this.#storage.sql
			.exec<{ what: string }>('SELECT what FROM alarms WHERE due <= ? ORDER BY due', now)
			.toArray()
			.map(({ what }) => what);
		for (const job of due) {
			const run = jobs.local[job];
			if (!run) continue;
			this.set(job, null);
			try {
				const next = run(now);
				if (next !== null) this.hasten(job, next);
			} catch (error) {
				jobs.failed(job, error);
				this.hasten(job, now + AFTER_FAILURE);
			}
		}
		for (const job of due) {
			const run = jobs.outgoing[job];
			if (!run) continue;
			this.set(job, now + LOST_AFTER);
			if (!this.#running.has(job)) jobs.beside(this.#run(job, run, jobs, now));
		}
		// A job that this version does not know any more.
		for (const job of due) if (!(job in jobs.local) && !(job in jobs.outgoing)) this.set(job, null);
		const next = this.#earliest();
		if (next !== null) void this.#storage.setAlarm(next);
	}

	async #run(job: string, run: OutgoingJob, jobs: Jobs, now: number): Promise<void> {
		const lease = this.due(job);
		const stop = new AbortController();
		const timer = setTimeout(() => stop.abort(), PATIENCE);
		this.#running.add(job);
		let next: number | null;
		try {
			next = await run(now, stop.signal);
		} catch (error) {
			jobs.failed(job, error);
			next = Date.now() + AFTER_FAILURE;
		}
		clearTimeout(timer);
		this.#running.delete(job);
		// What was set while it ran stands, unless it wants to come sooner.
		if (this.due(job) === lease) this.set(job, next);
		else if (next !== null) this.hasten(job, next);
	}

	#earliest(): number | null {
		return this.#storage.sql.exec<{ due: number | null }>('SELECT min(due) AS due FROM alarms').one().due;
	}
}
