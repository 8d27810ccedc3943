import { useOf } from '#lib/chat/presence.ts';
import { browser, type Surroundings } from './surroundings.ts';
import { Timer } from './timer.ts';

/** What somebody who uses a page does to it. */
const USES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'scroll'] as const;
/** The clock is looked at this often; more than `ASLEEP` later than the last time, the device was asleep. */
const TICK = 10_000;
const ASLEEP = 30_000;

export interface Use {
	active: boolean;
	/** ms since the last use. */
	idle: number;
}

/** Whether this tab is in use (P2), and a report whenever that changes. */
export class Activity {
	readonly #report: (use: Use) => void;
	readonly #given: Surroundings | undefined;
	#around!: Surroundings;
	/** Opening a page is use. */
	#usedAt = Date.now();
	#reported: boolean | null = null;
	#tickedAt = 0;
	#look = new Timer();

	constructor(report: (use: Use) => void, surroundings?: Surroundings) {
		this.#report = report;
		this.#given = surroundings;
	}

	/** In the browser only. @returns what ends it */
	start(): () => void {
		this.#around = this.#given ?? browser();
		const { window, document } = this.#around;
		this.#usedAt = this.#tickedAt = Date.now();
		for (const use of USES) window.addEventListener(use, this.#used, { passive: true, capture: true });
		document.addEventListener('visibilitychange', this.#shown);
		window.addEventListener('pageshow', this.#shown);
		const ticking = setInterval(this.#tick, TICK);
		return () => {
			for (const use of USES) window.removeEventListener(use, this.#used, { capture: true });
			document.removeEventListener('visibilitychange', this.#shown);
			window.removeEventListener('pageshow', this.#shown);
			clearInterval(ticking);
			this.#look.clear();
		};
	}

	/** How it is, for saying hello: from then on only changes are reported. */
	state(): Use {
		const { active, idle } = this.#check();
		this.#reported = active;
		return { active, idle };
	}

	#check(): Use {
		const now = Date.now();
		const visible = this.#around.document.visibilityState === 'visible';
		const { active, idle, lookAgainAt } = useOf({ visible, usedAt: this.#usedAt }, now);
		if (lookAgainAt === null) this.#look.clear();
		else if (!this.#look.running) this.#look.set(lookAgainAt - now, () => this.#tell());
		return { active, idle };
	}

	#tell(): void {
		const { active, idle } = this.#check();
		if (active === this.#reported) return;
		this.#reported = active;
		this.#report({ active, idle });
	}

	#used = (): void => {
		this.#usedAt = Date.now();
		if (this.#reported === false) this.#tell();
	};

	/** Looking at it again is use; looking away ends it at that moment. */
	#shown = (): void => {
		if (this.#around.document.visibilityState === 'visible' || this.#reported) this.#usedAt = Date.now();
		this.#tell();
	};

	/** Who slept may have been taken for gone: says it again. */
	#tick = (): void => {
		const now = Date.now();
		const slept = now - this.#tickedAt > ASLEEP;
		this.#tickedAt = now;
		if (!slept) return;
		this.#reported = null;
		this.#tell();
	};
}
