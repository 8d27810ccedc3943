import * as v from 'valibot';
import type { CallMediaEvents, SideStatus } from './call-media.ts';

const note = v.variant('is', [
	v.object({ is: v.literal('status'), microphone: v.boolean(), camera: v.boolean(), screen: v.boolean() }),
	v.object({ is: v.literal('bye') }),
]);

/** What the two browsers tell each other beside sound and picture, on a data channel of their connection. */
export class PeerNotes {
	readonly #on: Pick<CallMediaEvents, 'status' | 'bye'>;
	#channel: RTCDataChannel | null = null;
	#status: SideStatus | null = null;
	#closed = false;

	constructor(on: Pick<CallMediaEvents, 'status' | 'bye'>) {
		this.#on = on;
	}

	/** The channel that this side made, or that came from the other. */
	take(channel: RTCDataChannel): void {
		this.#channel = channel;
		const greet = () => this.#status && this.tell(this.#status);
		channel.onopen = greet;
		greet(); // one that came from the other side may be open already, and then does not always say so
		channel.onmessage = ({ data }) => this.#hear(data);
	}

	tell(status: SideStatus): void {
		this.#status = status;
		this.#say({ is: 'status', ...status });
	}

	/** The last word: nothing is told after it. */
	sayBye(): void {
		this.#say({ is: 'bye' });
		this.#closed = true;
	}

	#hear(data: unknown): void {
		if (this.#closed || typeof data !== 'string' || data.length > 1_000) return;
		let said: unknown;
		try {
			said = JSON.parse(data);
		} catch {
			return;
		}
		const { success, output } = v.safeParse(note, said);
		if (!success) return;
		if (output.is === 'bye') return this.#on.bye();
		const { is: _, ...status } = output;
		this.#on.status(status);
	}

	#say(said: v.InferInput<typeof note>): void {
		if (this.#channel?.readyState === 'open') this.#channel.send(JSON.stringify(said));
	}
}
