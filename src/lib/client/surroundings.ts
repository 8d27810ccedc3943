/** What connections need of the browser. Tests have another. */
export interface Surroundings {
	window: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
	document: Pick<Document, 'addEventListener' | 'removeEventListener' | 'visibilityState' | 'hasFocus'>;
	/** `https://kith.example`, no slash behind it. */
	origin: string;
	/** False only when the device knows that it has no network. */
	isOnline(): boolean;
	fetch: typeof fetch;
	WebSocket: typeof WebSocket;
	/** From 0 up to 1. */
	random(): number;
	/** Leaves for the log-in page, which comes back here. */
	goToLogin(): void;
}

/** Who logs out by the button is on the way to another page, and should not be led elsewhere when their lines close. */
let leaving = false;
const noteLogout = ({ target }: Event): void => {
	leaving ||= target instanceof HTMLFormElement && new URL(target.action).pathname === '/logout';
};

export function browser(): Surroundings {
	// Adding it again changes nothing.
	document.addEventListener('submit', noteLogout);
	return {
		window,
		document,
		origin: location.origin,
		isOnline: () => navigator.onLine !== false,
		fetch: (input, init) => fetch(input, init),
		WebSocket,
		random: Math.random,
		goToLogin: () => {
			if (leaving) return;
			// Whatever would keep the page is over.
			dispatchEvent(new Event('signedout'));
			location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
		},
	};
}

/** Is the page really before somebody's eyes (R2)? */
export function isLookedAt({ document }: Surroundings): boolean {
	return document.visibilityState === 'visible' && document.hasFocus();
}
