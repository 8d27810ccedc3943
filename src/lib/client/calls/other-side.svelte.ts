import type { CallCredentials, CallSignal } from '#lib/chat/call-frames.ts';
import {
	openCallMedia,
	qualityOf,
	type CallMedia,
	type CallMediaEvents,
	type MediaWiring,
	type Quality,
	type SideStatus,
} from './call-media.ts';
import type { Timers } from './timers.ts';

export interface OtherSideOptions {
	open?: ((wiring: MediaWiring) => Promise<CallMedia>) | undefined;
	/** Hide this device's address. */
	relayOnly: boolean;
	/** Between two looks at the quality, ms. */
	statsEvery: number;
	timers: Timers;
	on: Pick<CallMediaEvents, 'state' | 'bye' | 'signal' | 'expiring'>;
}

type Tracks = Parameters<CallMedia['send']>[0];

/** The other side of a call, and the way to it. */
export class OtherSide {
	/** Their sound and picture. */
	stream: MediaStream | null = $state.raw(null);
	status: SideStatus = $state.raw({ microphone: true, camera: false, screen: false });
	/** Of the connection, as far as it is known. */
	quality: Quality | null = $state(null);

	readonly #options: OtherSideOptions;
	#media: CallMedia | null = null;
	#sent: Tracks | null = null;
	#connecting = false;
	#resting = false;
	#closed = false;

	constructor(options: OtherSideOptions) {
		this.#options = options;
	}

	/**
	 * Takes credentials: makes the way with the first, renews it with later ones.
	 * @param offering does this side make the first offer?
	 * @returns whether there is a new way now, for `send` and `tell`
	 * @throws when this browser cannot make one
	 */
	async equip(credentials: CallCredentials, offering: boolean): Promise<boolean> {
		if (this.#media) {
			this.#media.renew(credentials);
			return false;
		}
		const { open = openCallMedia, relayOnly, on } = this.#options;
		const media = await open({
			credentials,
			offering,
			relayOnly,
			on: {
				...on,
				remote: (stream) => (this.stream = stream),
				status: (status) => (this.status = status),
			},
		});
		if (this.#closed || this.#media) {
			media.close();
			return false;
		}
		this.#media = media;
		return true;
	}

	async connect(): Promise<void> {
		if (!this.#media || this.#connecting) return;
		this.#connecting = true;
		await this.#media.connect();
	}

	/** @param tracks the same as before are not sent again */
	async send(tracks: Tracks): Promise<void> {
		if (!this.#media) return;
		if (this.#sent?.audio === tracks.audio && this.#sent.video === tracks.video) return;
		this.#sent = tracks;
		await this.#media.send(tracks).catch(() => {});
	}

	tell(status: SideStatus): void {
		this.#media?.tell(status);
	}

	take(signal: CallSignal): void {
		this.#media?.take(signal);
	}

	recheck(): void {
		this.#media?.recheck();
	}

	/** Looks at the quality from now on, until it is told to stop or the call is over. */
	measure(): void {
		const { timers, statsEvery } = this.#options;
		if (this.#closed || timers.has('stats')) return;
		timers.after('stats', statsEvery, async () => {
			const stats = await this.#media?.stats().catch(() => null);
			if (this.#closed || this.#resting) return;
			if (stats) this.quality = qualityOf(stats);
			this.measure();
		});
		this.#resting = false;
	}

	/** There is nothing to measure now. */
	stopMeasuring(): void {
		this.#resting = true;
		this.#options.timers.clear('stats');
		this.quality = null;
	}

	/** Leaves, saying so to them where it can. */
	close(): void {
		this.#closed = true;
		this.#media?.close();
		this.#media = null;
		this.stream = null;
		this.quality = null;
	}
}
