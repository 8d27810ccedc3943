import { HERE_LINGERS } from '#lib/chat/limits.ts';
import type { RoomSession } from './room-session.svelte.ts';
import { browser, isLookedAt, type Surroundings } from './surroundings.ts';
import { Timer } from './timer.ts';

/** A glance elsewhere and back, in ms, is not told. */
const GLANCE = 300;

/** P4: whether the friend has this conversation before their eyes, and telling them whether I do. */
export class Here {
	#theirs = $state(false);
	readonly #session: Pick<RoomSession, 'say' | 'listen'>;
	readonly #friend: string;
	readonly #around: Surroundings;
	#gone = new Timer();
	#glance = new Timer();
	/** What was told on the present line; null while there is none. */
	#told: boolean | null = null;
	#up = false;

	/** In the browser only. @param friend their id */
	constructor(
		session: Pick<RoomSession, 'say' | 'listen'>,
		friend: string,
		surroundings: Surroundings = browser(),
	) {
		this.#session = session;
		this.#friend = friend;
		this.#around = surroundings;
	}

	get theirs(): boolean {
		return this.#theirs;
	}

	/** Starts listening and looking. @returns what ends it */
	open(): () => void {
		const { window, document } = this.#around;
		const look = () => this.#glance.set(GLANCE, () => this.#tell());
		window.addEventListener('focus', look);
		window.addEventListener('blur', look);
		document.addEventListener('visibilitychange', look);
		const deaf = this.#session.listen((frame) => {
			if (frame.type === 'here') this.#heard(frame.people.includes(this.#friend));
		});
		return () => {
			window.removeEventListener('focus', look);
			window.removeEventListener('blur', look);
			document.removeEventListener('visibilitychange', look);
			deaf();
			this.#gone.clear();
			this.#glance.clear();
		};
	}

	/** There is a line now, or none any more. */
	line(up: boolean): void {
		this.#up = up;
		this.#told = null;
		if (up) this.#tell();
		else this.#heard(false);
	}

	#tell(): void {
		const here = isLookedAt(this.#around);
		if (this.#up && here !== this.#told && this.#session.say({ type: 'here', here })) this.#told = here;
	}

	/** Who only loads the page anew is not seen leaving. */
	#heard(theirs: boolean): void {
		if (theirs) {
			this.#gone.clear();
			this.#theirs = true;
		} else if (this.#theirs && !this.#gone.running)
			this.#gone.set(HERE_LINGERS, () => (this.#theirs = false));
	}
}
