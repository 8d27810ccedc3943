import { Mp3Encoder } from '@breezystack/lamejs';

/** The rates that MPEG layer III knows. */
const RATES = [48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000];
/** So fine that a message of three seconds has a level for each of its bars. */
const LEVELS_PER_SECOND = 20;

/** Speech, mono, at a constant rate: half a megabyte a minute, and every position in it can be computed. */
export class VoiceEncoder {
	readonly #encoder: Mp3Encoder;
	readonly #from: number;
	readonly #to: number;
	/** Where the next sample lies between those given, for a rate that MP3 does not know. */
	#position = 0;
	#samples = 0;
	#loudest = 0;
	#measured = 0;

	/** @param rate samples a second of what will be given */
	constructor(rate: number) {
		this.#from = rate;
		this.#to = RATES.includes(rate) ? rate : (RATES.find((known) => known < rate) ?? 8_000);
		this.#encoder = new Mp3Encoder(1, this.#to, this.#to >= 32_000 ? 64 : 32);
	}

	/** Milliseconds given so far. */
	get duration(): number {
		return (this.#samples / this.#from) * 1000;
	}

	/**
	 * @param sound samples from -1 to 1
	 * @returns the frames that are complete with them, and the levels that are
	 */
	encode(sound: Float32Array): { mp3: Uint8Array; levels: number[] } {
		const levels: number[] = [];
		const every = this.#from / LEVELS_PER_SECOND;
		for (const sample of sound) {
			this.#loudest = Math.max(this.#loudest, Math.abs(sample));
			if (++this.#measured >= every) {
				levels.push(Math.min(1, this.#loudest));
				this.#loudest = 0;
				this.#measured = 0;
			}
		}
		this.#samples += sound.length;
		return { mp3: bytesOf(this.#encoder.encodeBuffer(this.#resample(sound))), levels };
	}

	/** The frames that were not complete yet, and the last level. */
	finish(): { mp3: Uint8Array; levels: number[] } {
		return {
			mp3: bytesOf(this.#encoder.flush()),
			levels: this.#measured > 0 ? [Math.min(1, this.#loudest)] : [],
		};
	}

	#resample(sound: Float32Array): Int16Array {
		const whole = (sample: number) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767);
		if (this.#from === this.#to) return Int16Array.from(sound, whole);
		const step = this.#from / this.#to;
		const out: number[] = [];
		for (; this.#position < sound.length; this.#position += step) {
			// The mean of what lies under one new sample: enough of a filter for a voice at twice the rate.
			let sum = 0;
			let count = 0;
			for (let i = Math.floor(this.#position); i < Math.min(this.#position + step, sound.length); i++) {
				sum += sound[i] ?? 0;
				count++;
			}
			out.push(whole(sum / Math.max(1, count)));
		}
		this.#position -= sound.length;
		return Int16Array.from(out);
	}
}

/** The encoder says Uint8Array and returns signed bytes. */
function bytesOf(part: Uint8Array | Int8Array): Uint8Array {
	return new Uint8Array(part.buffer, part.byteOffset, part.length).slice();
}
