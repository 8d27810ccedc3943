/** Closer to the newest message than this, in px, is there. */
export const NEAR = 40;
/** A smooth scroll takes no longer, in ms. */
const GOING = 1_200;

interface Spot {
	key: string;
	/** px from the lower edge of the log. */
	top: number;
}

/**
 * Keeps what somebody reads where it is on the screen, to the pixel, whatever is added, taken away or grows above or below
 * it. `overflow-anchor` does the half of that, and in some browsers nothing.
 *
 * It remembers where a few messages stood when it last looked. Where they should stand now follows from how far was
 * scrolled since; where they stand instead, something else has moved them, and the log is scrolled after them. The log
 * grows upwards (`column-reverse`), so at its end nothing needs to be kept.
 */
export class ScrollKeeper {
	readonly #log: HTMLElement;
	/** Is the end of what is drawn the newest message? */
	readonly #atEnd: () => boolean;
	#spots: Spot[] = [];
	#scrollTop = 0;
	#going: ReturnType<typeof setTimeout> | undefined;

	constructor(log: HTMLElement, atEnd: () => boolean) {
		this.#log = log;
		this.#atEnd = atEnd;
		this.#note();
	}

	/** Looks after the log while its content changes. @returns what ends it */
	watch(content: Element): () => void {
		const sizes = new ResizeObserver(() => this.settle());
		sizes.observe(content);
		sizes.observe(this.#log);
		return () => {
			sizes.disconnect();
			clearTimeout(this.#going);
		};
	}

	/** px from the end of what is drawn */
	get away(): number {
		return -this.#log.scrollTop;
	}

	/** What is drawn has changed, or may have. */
	settle(): void {
		if (this.#going === undefined) this.#correct();
		this.#note();
	}

	/** Somebody has scrolled. */
	scrolled(): void {
		this.settle();
		if (this.away < 1) this.#arrived();
	}

	/** Goes to the end of what is drawn. */
	toEnd(behavior: ScrollBehavior = 'instant'): void {
		const near = this.away < this.#log.clientHeight * 2;
		this.#arrived();
		// On the way nothing holds it back: setting scrollTop would end the way.
		if (behavior === 'smooth' && near && this.away > 0)
			this.#going = setTimeout(() => this.#arrived(), GOING);
		this.#log.scrollTo({ top: 0, behavior: near ? behavior : 'instant' });
		this.#note();
	}

	/** Puts an element near the upper edge, if it is above it. @returns whether it was */
	reveal(element: Element, below: number): boolean {
		const shift = element.getBoundingClientRect().top - this.#log.getBoundingClientRect().top - below;
		if (shift < 0) this.#log.scrollTop += shift;
		this.#note();
		return shift < 0;
	}

	#arrived(): void {
		clearTimeout(this.#going);
		this.#going = undefined;
	}

	#correct(): void {
		const edge = this.#log.getBoundingClientRect().bottom;
		const scrolled = this.#log.scrollTop - this.#scrollTop;
		for (const { key, top } of this.#spots) {
			const element = this.#log.querySelector(`[data-entry="${key}"]`);
			if (!element) continue;
			const shift = element.getBoundingClientRect().top - edge - (top - scrolled);
			if (Math.abs(shift) >= 0.5) this.#log.scrollTop += shift;
			return;
		}
	}

	/** Remembers the messages on the screen, those first that begin on it. */
	#note(): void {
		const log = this.#log;
		this.#scrollTop = log.scrollTop;
		this.#spots = [];
		if (this.away < NEAR && this.#atEnd()) return;
		const { top: upper, bottom: lower } = log.getBoundingClientRect();
		const begun: Spot[] = [];
		for (const element of log.querySelectorAll<HTMLElement>('[data-entry]')) {
			const { top, bottom } = element.getBoundingClientRect();
			if (bottom <= upper) continue;
			if (top >= lower) break;
			const spot = { key: element.dataset.entry ?? '', top: top - lower };
			if (top < upper) begun.push(spot);
			else this.#spots.push(spot);
		}
		this.#spots.push(...begun);
	}
}
