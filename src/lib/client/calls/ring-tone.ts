/** What is heard while a call rings, made here: nothing to download, and it loops without a timer. */

export type Tone = 'incoming' | 'outgoing';

/** Notes as [Hz, start, length] in seconds, in a loop of so many seconds. */
const TUNES: Record<Tone, { loop: number; volume: number; notes: [number, number, number][] }> = {
	incoming: {
		loop: 3,
		volume: 0.22,
		notes: [
			[659.25, 0, 0.35],
			[880, 0.18, 0.35],
			[1108.73, 0.36, 0.6],
			[659.25, 0.9, 0.35],
			[880, 1.08, 0.35],
			[1108.73, 1.26, 0.8],
		],
	},
	// The tone that Europe knows as "it rings there": 425 Hz, one second in five.
	outgoing: { loop: 5, volume: 0.1, notes: [[425, 0, 1]] },
};

/** One loop of a tune as samples between -1 and 1. */
export function samplesOf(tone: Tone, rate: number): Float32Array<ArrayBuffer> {
	const { loop, volume, notes } = TUNES[tone];
	const samples = new Float32Array(Math.round(loop * rate));
	for (const [hz, from, length] of notes) {
		const first = Math.round(from * rate);
		const count = Math.min(Math.round(length * rate), samples.length - first);
		for (let i = 0; i < count; i++) {
			const t = i / rate;
			// In quickly and out softly, so that nothing clicks; the incoming notes fade like a bell.
			const edge = Math.min(1, t / 0.01, (length - t) / 0.03);
			const fade = tone === 'incoming' ? Math.exp(-4 * t) : 1;
			const wave =
				Math.sin(2 * Math.PI * hz * t) + (tone === 'incoming' ? 0.3 * Math.sin(4 * Math.PI * hz * t) : 0);
			samples[first + i] = samples[first + i]! + volume * edge * fade * wave;
		}
	}
	return samples;
}

/**
 * Plays a tone until told otherwise. A page that nobody has touched yet may not make sound: then it begins with the
 * first touch, if it still rings.
 */
export class RingTone {
	#context: AudioContext | null = null;
	#source: AudioBufferSourceNode | null = null;
	#tone: Tone | null = null;
	#speaker: string;
	#wake = () => void this.#context?.resume().catch(() => {});

	/** @param speaker the device to be heard from, where the browser lets one choose */
	constructor(speaker = '') {
		this.#speaker = speaker;
	}

	/** From another device, also while it sounds. */
	through(speaker: string): void {
		this.#speaker = speaker;
		const context = this.#context as (AudioContext & { setSinkId?(id: string): Promise<void> }) | null;
		void context?.setSinkId?.(speaker).catch(() => {});
	}

	/** @param tone null for silence; saying the same again does not start over */
	play(tone: Tone | null): void {
		if (tone === this.#tone) return;
		this.#silence();
		this.#tone = tone;
		if (!tone || typeof AudioContext === 'undefined') return;
		if (!this.#context) {
			this.#context = new AudioContext();
			if (this.#speaker) this.through(this.#speaker);
		}
		const context = this.#context;
		const samples = samplesOf(tone, context.sampleRate);
		const buffer = context.createBuffer(1, samples.length, context.sampleRate);
		buffer.copyToChannel(samples, 0);
		this.#source = new AudioBufferSourceNode(context, { buffer, loop: true });
		this.#source.connect(context.destination);
		this.#source.start();
		this.#wake();
		addEventListener('pointerdown', this.#wake, true);
		addEventListener('keydown', this.#wake, true);
	}

	#silence(): void {
		this.#source?.stop();
		this.#source?.disconnect();
		this.#source = null;
		if (typeof removeEventListener === 'undefined') return;
		removeEventListener('pointerdown', this.#wake, true);
		removeEventListener('keydown', this.#wake, true);
	}

	close(): void {
		this.play(null);
		void this.#context?.close().catch(() => {});
		this.#context = null;
	}
}
