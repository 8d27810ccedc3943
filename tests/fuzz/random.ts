/** Choices that look random and are the same for the same seed: what went wrong once can be run again. */
export class Random {
	#state: number;

	/** @param seed any number; `index` starts one of many independent series under it */
	constructor(seed: number, index = 0) {
		this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
		this.next();
	}

	/** At least 0, less than 1 (mulberry32). */
	next(): number {
		this.#state = (this.#state + 0x6d2b79f5) >>> 0;
		let mixed = this.#state;
		mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	}

	/** A whole number from 0 up to, not including, `below`. */
	upTo(below: number): number {
		return Math.floor(this.next() * below);
	}

	chance(probability: number): boolean {
		return this.next() < probability;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.upTo(list.length)]!;
	}

	list<T>(most: number, make: () => T): T[] {
		return Array.from({ length: this.upTo(most + 1) }, make);
	}
}

/** A seed for this run, the one that was asked for if any. */
export const seedOf = (asked: string | undefined): number => Number(asked) || Math.floor(Math.random() * 1e9);
