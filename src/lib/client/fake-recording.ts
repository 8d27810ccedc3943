import type { FromEncoder, ToEncoder } from './media/voice-encoder.worker.ts';

/** Stand-ins for what a browser records with, for tests in node. */

export class FakeTrack {
	stopped = false;
	onended: (() => void) | null = null;
	onmute: (() => void) | null = null;
	onunmute: (() => void) | null = null;
	stop() {
		this.stopped = true;
	}
	getSettings() {
		return {};
	}
}

export class FakeStream {
	readonly tracks: FakeTrack[];
	constructor(tracks = [new FakeTrack()]) {
		this.tracks = tracks;
	}
	getTracks() {
		return this.tracks;
	}
	getAudioTracks() {
		return this.tracks;
	}
	getVideoTracks() {
		return this.tracks;
	}
}

/** The audio graph, as far as the recorder touches it. */
export class FakeContext {
	static last: FakeContext;
	readonly sampleRate = 48_000;
	readonly destination = {};
	state = 'running';
	onstatechange: (() => void) | null = null;
	audioWorklet = { addModule: async () => {} };
	constructor() {
		FakeContext.last = this;
	}
	createMediaStreamSource() {
		return { connect: (node: unknown) => node };
	}
	async resume() {}
	async close() {
		this.state = 'closed';
	}
	/** The system takes the sound away. */
	interrupt() {
		this.state = 'interrupted';
		this.onstatechange?.();
	}
}

/** When the audio thread is told to end, it hands over the rest, and the encoder does what is left of its work. */
export class FakeCapture {
	port = {
		postMessage: (message: unknown) => {
			if (message === 'end') FakeEncoder.last.end();
		},
	};
	connect(node: unknown) {
		return node;
	}
}

type Chunks = Extract<FromEncoder, { done: unknown }>['done']['chunks'];

/** The worker that makes MP3: says what the test says that it has heard. */
export class FakeEncoder {
	static last: FakeEncoder;
	onmessage: ((event: { data: FromEncoder }) => void) | null = null;
	onerror: (() => void) | null = null;
	terminated = false;
	readonly told: ToEncoder[] = [];
	readonly chunks: Chunks = [];
	#broken = false;
	constructor() {
		FakeEncoder.last = this;
	}
	postMessage(message: ToEncoder) {
		this.told.push(message);
	}
	terminate() {
		this.terminated = true;
	}
	break() {
		this.#broken = true;
		this.onerror?.();
	}
	/** @param duration of all that was recorded so far, in ms */
	hear(duration: number, level = 0.5) {
		const before = this.chunks.reduce((sum, chunk) => sum + chunk.duration, 0);
		this.chunks.push({ mp3: Uint8Array.of(1), levels: [level], duration: duration - before });
		this.onmessage?.({ data: { heard: { level, duration } } });
	}
	end() {
		if (!this.#broken) this.onmessage?.({ data: { done: { chunks: this.chunks } } });
	}
}
