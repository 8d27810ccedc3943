import { SvelteMap } from 'svelte/reactivity';
import type { MediaBody } from '#lib/chat/media.ts';
import type { Outgoing } from './database.ts';
import * as kept from './outgoing.ts';
import { UploadWork } from './upload-work.ts';
import { upload, type Outcome } from './upload.ts';

export type OutgoingBody = MediaBody & { caption?: string };

/** A message of mine whose bytes are on their way. */
export interface OutgoingItem {
	readonly id: string;
	readonly at: number;
	readonly body: OutgoingBody;
	state: 'waiting' | 'uploading' | 'failed';
	/** How much has left, 0 to 1. */
	progress: number;
	/** Why it failed: one of UPLOAD_REFUSALS. */
	reason?: string;
}

/** The part of the room that an upload ends in: the message goes on from there, by the room's own outbox. */
export interface Sayer {
	send(body: OutgoingBody, id: string): { ok: boolean };
	/** Has the room this message of mine? */
	hasSaid(id: string): boolean;
}

/** So many uploads go on at once: a voice message need not wait for a clip. */
const AT_ONCE = 2;
const PAUSE_FIRST = 1_000;
const PAUSE_MOST = 30_000;
/** After these, the same bytes may be taken later. */
const PASSING = ['offline', 'failed', 'slow_down', 'no_session', 'incomplete'];

const lockOf = (id: string) => `kith upload ${id}`;

/**
 * Pictures, clips and voice messages that somebody has sent in one room and that are not in it yet (C3). Their bytes are
 * kept in IndexedDB until the room has acknowledged the message, so that neither a lost line nor a reload loses them.
 * Each has the same id for ever, in the upload and in the message: whatever is tried twice happens once. A tab works on
 * what was given to it; what a closed tab left is taken over by the next that is there.
 */
export class MediaOutbox {
	/** In the order of sending. Leaves the list when its message goes on to the room. */
	items = $state<OutgoingItem[]>([]);
	/** What is to be shown in place of an upload's address while its bytes are still here: `blob:` addresses by media id. */
	readonly sources = new SvelteMap<string, string>();

	readonly #person: string;
	readonly #room: string;
	readonly #sayer: Sayer;
	readonly #work = new Map<string, UploadWork>();
	#life: AbortController | null = null;
	#busy = 0;
	/** When the latest was added: no two at once, so that their order is known for ever. */
	#latest = 0;
	readonly #line: (() => void)[] = [];

	constructor(person: string, room: string, sayer: Sayer) {
		this.#person = person;
		this.#room = room;
		this.#sayer = sayer;
	}

	/** Takes up what earlier pages left. In the browser only; `close` ends it. */
	open(): void {
		if (this.#life) return;
		const life = (this.#life = new AbortController());
		const look = () => {
			if (document.visibilityState !== 'visible') return;
			for (const work of this.#work.values()) work.hurry();
			void this.#adopt(life.signal);
		};
		window.addEventListener('online', look, { signal: life.signal });
		document.addEventListener('visibilitychange', look, { signal: life.signal });
		void this.#adopt(life.signal);
	}

	close(): void {
		this.#life?.abort();
		this.#life = null;
		for (const work of this.#work.values()) work.stop();
		this.#work.clear();
		for (const url of this.sources.values()) URL.revokeObjectURL(url);
		this.sources.clear();
		this.items = [];
	}

	/**
	 * Takes a message over: from here on it arrives, or says why not.
	 * @param draft the recording it was made of, which is forgotten in the same moment as the message is kept
	 */
	async add(message: Pick<Outgoing, 'id' | 'batch' | 'body' | 'files'>, draft?: string): Promise<void> {
		const at = (this.#latest = Math.max(Date.now(), this.#latest + 1));
		const outgoing: Outgoing = { ...message, person: this.#person, room: this.#room, at };
		await kept.keep(outgoing, draft).catch(() => {}); // it lives as long as the page, then
		if (this.#life) this.#begin(outgoing, this.#life.signal, false);
	}

	/** Tries one again that failed, here or (its bytes being gone meanwhile) in the room. @returns whether it is one of ours */
	retry(id: string): boolean {
		this.#work.get(id)?.retry();
		return this.#work.has(id);
	}

	async discard(id: string): Promise<void> {
		this.#work.get(id)?.stop();
		await this.#drop(id);
	}

	/** The room has these messages of mine: nothing of them is needed here any more. */
	acknowledge(ids: ReadonlySet<string>): void {
		for (const [id, work] of this.#work) if (work.handed && ids.has(id)) void this.#landed(id, work);
	}

	async #landed(id: string, work: UploadWork): Promise<void> {
		this.#leave(id, work);
		await kept.forget(id).catch(() => {});
		// The picture that is shown is let go only when the one from the server is there: nothing blinks.
		for (const { id: media } of work.outgoing.files) {
			if (work.outgoing.body.kind === 'photo') await loaded(`/media/${this.#room}/${media}`);
			const url = this.sources.get(media);
			this.sources.delete(media);
			if (url) setTimeout(() => URL.revokeObjectURL(url), 1_000);
		}
	}

	#leave(id: string, work: UploadWork): void {
		work.stop();
		this.#work.delete(id);
	}

	async #drop(id: string): Promise<void> {
		const work = this.#work.get(id);
		this.#work.delete(id);
		this.items = this.items.filter((item) => item.id !== id);
		for (const { id: media } of work?.outgoing.files ?? []) {
			const url = this.sources.get(media);
			if (url) URL.revokeObjectURL(url);
			this.sources.delete(media);
		}
		await kept.forget(id).catch(() => {});
	}

	/** What lies in the database and no living tab works on. */
	async #adopt(signal: AbortSignal): Promise<void> {
		const rows = await kept.all(this.#person, this.#room).catch(() => []);
		for (const row of rows) {
			if (signal.aborted) return;
			if (this.#work.has(row.id)) continue;
			if (this.#sayer.hasSaid(row.id)) await kept.forget(row.id).catch(() => {});
			else this.#begin(row, signal, true);
		}
	}

	/** @param again an earlier page may have sent some of it */
	#begin(outgoing: Outgoing, signal: AbortSignal, again: boolean): void {
		const { id } = outgoing;
		if (this.#work.has(id)) return;
		const work = new UploadWork(outgoing);
		this.#work.set(id, work);
		const run = async () => {
			if (work.signal.aborted || signal.aborted) return;
			this.#show(outgoing);
			// The lock is held until the room has it: no other tab may take it up meanwhile.
			await this.#run(work, again);
		};
		const locks = navigator.locks;
		if (!locks) return void run();
		const alone = locks.request(lockOf(id), { signal: work.signal }, async () => {
			// Whoever held it may have brought it home.
			if (!(await kept.has(id).catch(() => true))) return void this.#leave(id, work);
			await run();
		});
		alone.catch(() => {});
	}

	#show({ id, at, body, files, reason }: Outgoing): void {
		for (const { id: media, blob } of files)
			if (!this.sources.has(media)) this.sources.set(media, URL.createObjectURL(blob));
		const item: OutgoingItem = { id, at, body, state: reason ? 'failed' : 'waiting', progress: 0 };
		if (reason) item.reason = reason;
		this.items = [...this.items, item].sort((one, other) => one.at - other.at);
	}

	async #run(work: UploadWork, again: boolean): Promise<void> {
		const { outgoing } = work;
		if (outgoing.reason) await work.untilRetried();
		for (let tries = 0; !work.signal.aborted; tries++) {
			this.#tell(outgoing.id, { state: 'waiting', progress: 0, reason: undefined });
			let outcome = await this.#inLine(() => this.#upload(work, again || tries > 0));
			if (work.signal.aborted) return;
			if (outcome.ok) {
				await this.#turn(work);
				if (work.signal.aborted) return;
				work.hand();
				if (this.#sayer.send(outgoing.body, outgoing.id).ok) {
					this.items = this.items.filter((item) => item.id !== outgoing.id);
					if (this.#sayer.hasSaid(outgoing.id)) return this.#landed(outgoing.id, work);
					await work.untilRetried();
					if (work.signal.aborted) return;
					work.handed = false;
					this.#show(outgoing);
					continue;
				}
				work.handed = false;
				outcome = { ok: false, code: 'ended' };
			}
			if (PASSING.includes(outcome.code)) {
				this.#tell(outgoing.id, { state: 'waiting', progress: 0 });
				const pause = Math.min(PAUSE_FIRST * 2 ** Math.min(tries, 10), PAUSE_MOST) * Math.random();
				await work.pause(Math.max(pause, outcome.retryAfter ?? 0));
				continue;
			}
			this.#tell(outgoing.id, { state: 'failed', reason: outcome.code });
			await kept.keep({ ...outgoing, reason: outcome.code }).catch(() => {});
			await work.untilRetried();
			tries = 0;
		}
	}

	/** What was chosen together is said in that order, although the second may be through before the first. */
	async #turn({ outgoing: { batch, at } }: UploadWork): Promise<void> {
		if (!batch) return;
		const earlier = [...this.#work.values()].filter(
			({ outgoing }) => outgoing.batch === batch && outgoing.at < at,
		);
		await Promise.all(earlier.map(({ settled }) => settled));
	}

	async #upload(work: UploadWork, again: boolean): Promise<Outcome> {
		const { id, files } = work.outgoing;
		const total = files.reduce((sum, { blob }) => sum + blob.size, 0);
		let before = 0;
		let outcome: Outcome = { ok: false, code: 'failed' };
		for (const file of files) {
			this.#tell(id, { state: 'uploading', progress: before / total });
			outcome = await upload(this.#room, file.id, file.blob, {
				signal: work.signal,
				again,
				onprogress: (sent) => this.#tell(id, { progress: Math.min(1, (before + sent) / total) }),
			});
			if (!outcome.ok) return outcome;
			before += file.blob.size;
		}
		return outcome;
	}

	#tell(id: string, change: Partial<OutgoingItem> | { reason: undefined }): void {
		const item = this.items.find((one) => one.id === id);
		if (item) Object.assign(item, change);
	}

	/** Waits until fewer than AT_ONCE are at it. */
	async #inLine<Result>(work: () => Promise<Result>): Promise<Result> {
		if (this.#busy >= AT_ONCE) await new Promise<void>((go) => this.#line.push(go));
		this.#busy++;
		try {
			return await work();
		} finally {
			this.#busy--;
			this.#line.shift()?.();
		}
	}
}

async function loaded(url: string): Promise<void> {
	const image = new Image();
	image.src = url;
	await image.decode().catch(() => {});
}
