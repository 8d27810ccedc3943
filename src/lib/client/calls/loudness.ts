/** How loud a microphone is, for a meter that shows whether it hears anything. */
export class Loudness {
	readonly #context = new AudioContext();
	readonly #analyser = new AnalyserNode(this.#context, { fftSize: 512 });
	readonly #samples = new Float32Array(this.#analyser.fftSize);

	constructor(track: MediaStreamTrack) {
		new MediaStreamAudioSourceNode(this.#context, { mediaStream: new MediaStream([track]) }).connect(
			this.#analyser,
		);
	}

	/** @returns 0 for silence (-60 dB and below) to 1 for as loud as can be */
	now(): number {
		this.#analyser.getFloatTimeDomainData(this.#samples);
		const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
		return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power || 1e-9)) / 60));
	}

	close(): void {
		void this.#context.close().catch(() => {});
	}
}
