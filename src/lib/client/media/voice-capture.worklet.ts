/** Takes the sound of the microphone out of the audio thread: mono, in pieces, through a port of its own. */

declare class AudioWorkletProcessor {
	readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;

const PIECE = 4096;

class VoiceCapture extends AudioWorkletProcessor {
	#piece = new Float32Array(PIECE);
	#filled = 0;
	#out: MessagePort | null = null;
	#ended = false;

	constructor() {
		super();
		this.port.onmessage = ({ data }: MessageEvent<{ out: MessagePort } | 'end'>) => {
			if (data === 'end') this.#end();
			else this.#out = data.out;
		};
	}

	process([channels = []]: Float32Array[][]): boolean {
		const length = channels[0]?.length ?? 0;
		for (let i = 0; i < length; i++) {
			let sum = 0;
			for (const channel of channels) sum += channel[i] ?? 0;
			this.#piece[this.#filled++] = sum / channels.length;
			if (this.#filled === PIECE) this.#send();
		}
		return !this.#ended;
	}

	#send(): void {
		if (this.#filled === 0) return;
		const piece = this.#piece.slice(0, this.#filled);
		this.#out?.postMessage(piece, [piece.buffer]);
		this.#filled = 0;
	}

	#end(): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#send();
		this.#out?.postMessage('end');
	}
}

registerProcessor('voice-capture', VoiceCapture);
