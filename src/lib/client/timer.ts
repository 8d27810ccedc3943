/** One thing to do later. Setting it again replaces what was to be done. */
export class Timer {
	#handle: ReturnType<typeof setTimeout> | null = null;

	get running(): boolean {
		return this.#handle !== null;
	}

	set(ms: number, then: () => void): void {
		this.clear();
		this.#handle = setTimeout(() => {
			this.#handle = null;
			then();
		}, ms);
	}

	clear(): void {
		if (this.#handle !== null) clearTimeout(this.#handle);
		this.#handle = null;
	}
}
