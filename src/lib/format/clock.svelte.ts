import { createContext } from 'svelte';
import type { Place } from './time.ts';

export const ZONE_COOKIE = 'kith-zone';

/**
 * What time it is, and where the reader is. Begins with what the server believed, so that the first drawing in the
 * browser is the same; the device corrects it afterwards and tells the server for the next page.
 */
export class Clock implements Place {
	zone: string;
	locale: string;
	/** ms since 1970, moved on once a minute: for words like "yesterday". */
	now: number;

	constructor(given: Place & { now: number }) {
		this.zone = $state(given.zone);
		this.locale = $state(given.locale);
		this.now = $state(given.now);
	}

	/** Takes over from the server. In the browser only; returns how to stop. */
	start(): () => void {
		const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || this.zone;
		if (zone !== this.zone) {
			this.zone = zone;
			const secure = location.protocol === 'https:' ? '; secure' : '';
			document.cookie = `${ZONE_COOKIE}=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${secure}`;
		}
		const tick = () => {
			this.now = Date.now();
		};
		tick();
		const timer = setInterval(tick, 60_000);
		return () => clearInterval(timer);
	}
}

export const [getClock, setClock] = createContext<Clock>();
