import { createContext } from 'svelte';

/** The speeds a voice message is played at. */
export const SPEEDS = [1, 1.5, 2] as const;
export type Speed = (typeof SPEEDS)[number];

const SPEED_KEY = 'kith voice speed';

export interface Playable {
	readonly element: HTMLMediaElement;
	/** Of the other person, and not heard yet. */
	readonly unheard: boolean;
}

/** All sound of one conversation: one plays at a time, and the next unheard voice message plays on by itself. */
export class Playback {
	speed = $state<Speed>(1);
	#playables = new Set<Playable>();

	/** Reads the speed that was chosen last. In the browser only. */
	open(): void {
		try {
			const kept = Number(localStorage.getItem(SPEED_KEY));
			this.speed = SPEEDS.find((speed) => speed === kept) ?? 1;
		} catch {
			// no storage: the usual speed
		}
	}

	/** @returns what takes it out again */
	join(playable: Playable): () => void {
		this.#playables.add(playable);
		return () => this.#playables.delete(playable);
	}

	/** This one begins: the others are silent. */
	began(element: HTMLMediaElement): void {
		for (const other of this.#playables) if (other.element !== element) other.element.pause();
	}

	/** This voice message has been played to its end: the next one below it that nobody has heard goes on. */
	ended(element: HTMLMediaElement): void {
		const after = [...this.#playables].filter(
			(other) =>
				other.unheard &&
				other.element !== element &&
				(element.compareDocumentPosition(other.element) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
		);
		after.sort((one, other) =>
			one.element.compareDocumentPosition(other.element) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1,
		);
		void after[0]?.element.play().catch(() => {});
	}

	faster(): void {
		this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length] ?? 1;
		try {
			localStorage.setItem(SPEED_KEY, String(this.speed));
		} catch {
			// it holds as long as the page, then
		}
	}
}

export const [getPlayback, setPlayback] = createContext<Playback>();
