/** So much of a message counts as all of it; of one that is taller than the log, so much of the log. */
const ENOUGH = 0.5;
const STEPS = Array.from({ length: 11 }, (_, step) => step / 10);

/**
 * Tells how far somebody has really seen the friend's messages (R2): those that were in the log's window while the page was
 * visible and had the focus.
 */
export class SeenWatch {
	readonly #log: HTMLElement;
	readonly #onseen: (seq: number) => void;
	readonly #observer: IntersectionObserver;
	readonly #inSight = new Map<Element, number>();
	#upTo = 0;

	constructor(log: HTMLElement, onseen: (seq: number) => void) {
		this.#log = log;
		this.#onseen = onseen;
		this.#observer = new IntersectionObserver((entries) => this.#look(entries), {
			root: log,
			threshold: STEPS,
		});
		addEventListener('focus', this.#tell);
		document.addEventListener('visibilitychange', this.#tell);
	}

	/** What is drawn has changed. */
	update(): void {
		for (const element of this.#inSight.keys()) if (!element.isConnected) this.#inSight.delete(element);
		for (const element of this.#log.querySelectorAll('[data-seq]'))
			if (seqOf(element) > this.#upTo) this.#observer.observe(element);
	}

	stop(): void {
		this.#observer.disconnect();
		removeEventListener('focus', this.#tell);
		document.removeEventListener('visibilitychange', this.#tell);
	}

	#look(entries: IntersectionObserverEntry[]): void {
		for (const { target, intersectionRatio, intersectionRect, rootBounds } of entries) {
			const enough =
				intersectionRatio >= ENOUGH || intersectionRect.height >= (rootBounds?.height ?? Infinity) * ENOUGH;
			if (enough) this.#inSight.set(target, seqOf(target));
			else this.#inSight.delete(target);
		}
		this.#tell();
	}

	#tell = (): void => {
		if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
		const seq = Math.max(0, ...this.#inSight.values());
		if (seq <= this.#upTo) return;
		this.#upTo = seq;
		for (const [element, one] of this.#inSight)
			if (one <= seq) {
				this.#observer.unobserve(element);
				this.#inSight.delete(element);
			}
		this.#onseen(seq);
	};
}

const seqOf = (element: Element) => Number((element as HTMLElement).dataset.seq);
