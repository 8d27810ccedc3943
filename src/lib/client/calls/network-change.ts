/** `navigator.connection`, which not every browser has. */
type Connection = EventTarget & { type?: string };

/** Tells when the device has come to another network: the old path is gone, or dearer. */
export class NetworkChange {
	readonly #connection = (globalThis.navigator as { connection?: Connection } | undefined)?.connection;
	readonly #moved: () => void;
	#network = this.#connection?.type;
	#look = (event: Event) => {
		const network = this.#connection?.type;
		// The event also tells of mere speed, which changes nothing here.
		const same = event.type === 'change' && network === this.#network;
		this.#network = network;
		if (!same) this.#moved();
	};

	constructor(moved: () => void) {
		this.#moved = moved;
		globalThis.addEventListener?.('online', this.#look);
		this.#connection?.addEventListener('change', this.#look);
	}

	close(): void {
		globalThis.removeEventListener?.('online', this.#look);
		this.#connection?.removeEventListener('change', this.#look);
	}
}
