import { Here } from './here.svelte.ts';
import type { RoomMedia } from './media/room-media.svelte.ts';
import type { RoomSession } from './room-session.svelte.ts';
import { Typing } from './typing.svelte.ts';

/** The friend in this conversation just now, and I for them: who is here, and who writes or records (P1, P4). */
export class Company {
	readonly #session: RoomSession;
	readonly #friend: string;
	readonly #typing: Typing;
	readonly #here: Here;

	/** In the browser only. @param friend their id */
	constructor(session: RoomSession, friend: string) {
		this.#session = session;
		this.#friend = friend;
		this.#typing = new Typing((frame) => session.say(frame));
		this.#here = new Here(session, friend);
	}

	/** What the friend is doing. */
	get theirs(): Typing['theirs'] {
		return this.#typing.theirs;
	}

	/** Whether they have the conversation before their eyes. */
	get here(): boolean {
		return this.#here.theirs;
	}

	/**
	 * @param draft what was in the box and is no news for the friend: left there earlier
	 * @param media as soon as it is there
	 * @returns what ends it
	 */
	open(draft: string, media: () => RoomMedia | null): () => void {
		const ends = [
			this.#here.open(),
			this.#session.listen((frame) => this.#typing.hear(frame, this.#friend)),
			$effect.root(() => this.#watch(draft, media)),
		];
		return () => ends.forEach((end) => end());
	}

	/** What I wrote ended in a message. */
	sent(): void {
		this.#typing.sent();
	}

	#watch(before: string, media: () => RoomMedia | null): void {
		const session = this.#session;
		$effect(() => {
			const up = session.line === 'live';
			this.#typing.line(up);
			this.#here.line(up);
		});
		// What I write is a hint for the friend, until it is sent or taken back.
		$effect(() => {
			const { draft } = session;
			if (draft !== before) this.#typing.does(draft === '' ? 'nothing' : 'text');
			before = draft;
		});
		let spoke = false;
		$effect(() => {
			// Said again as it goes on: a hint does not last.
			const recorder = media()?.recorder;
			const speaks = recorder?.state === 'recording' && recorder.elapsed >= 0;
			if (speaks) this.#typing.does('voice');
			else if (spoke) this.#typing.does('nothing');
			spoke = speaks;
		});
	}
}
