/** Timers by name: setting one of a name that runs replaces it. */
export class Timers {
	readonly #running = new Map<string, ReturnType<typeof setTimeout>>();

	/** @param ms how long from now; at once when it is past */
	after(name: string, ms: number, then: () => void): void {
		this.clear(name);
		const timer = setTimeout(
			() => {
				this.#running.delete(name);
				then();
			},
			Math.max(0, ms),
		);
		this.#running.set(name, timer);
	}

	has(name: string): boolean {
		return this.#running.has(name);
	}

	clear(name: string): void {
		clearTimeout(this.#running.get(name));
		this.#running.delete(name);
	}

	clearAll(): void {
		for (const name of [...this.#running.keys()]) this.clear(name);
	}
}
