/** Keeps the screen from going dark during a call, where the browser can. The lock is lost whenever the page is hidden. */
export class StayAwake {
	#lock: WakeLockSentinel | null = null;
	#wanted = false;
	#again = () => void this.#take();

	start(): void {
		if (this.#wanted || typeof document === 'undefined') return;
		this.#wanted = true;
		document.addEventListener('visibilitychange', this.#again);
		void this.#take();
	}

	stop(): void {
		if (!this.#wanted) return;
		this.#wanted = false;
		document.removeEventListener('visibilitychange', this.#again);
		void this.#lock?.release().catch(() => {});
		this.#lock = null;
	}

	async #take(): Promise<void> {
		if (!this.#wanted || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
		try {
			const lock = await navigator.wakeLock.request('screen');
			if (this.#wanted) this.#lock = lock;
			else await lock.release();
		} catch {
			// Low battery or not allowed: the screen may go dark, the call goes on.
		}
	}
}
