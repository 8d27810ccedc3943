/** The bytes of a request, read in two steps: enough to know what they are, then the rest. */
export class Body {
	readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
	#head: Uint8Array = new Uint8Array();
	#ended = false;

	constructor(stream: ReadableStream<Uint8Array>) {
		this.#reader = stream.getReader();
	}

	/** The first `length` bytes, or all of a shorter body. */
	async head(length: number): Promise<Uint8Array> {
		const parts = [this.#head];
		let have = this.#head.length;
		while (have < length && !this.#ended) {
			const { done, value } = await this.#reader.read();
			if (done) this.#ended = true;
			else {
				parts.push(value);
				have += value.length;
			}
		}
		const joined = new Uint8Array(have);
		let at = 0;
		for (const part of parts) {
			joined.set(part, at);
			at += part.length;
		}
		this.#head = joined;
		return joined;
	}

	/** Everything from the first byte on, what `head` returned included. */
	async *chunks(): AsyncGenerator<Uint8Array> {
		if (this.#head.length > 0) yield this.#head;
		while (!this.#ended) {
			const { done, value } = await this.#reader.read();
			if (done) this.#ended = true;
			else yield value;
		}
	}

	/** Takes the rest in and forgets it, so that an answer that needs no body still reaches its sender over HTTP/1.1. */
	async drain(): Promise<void> {
		for await (const _ of this.chunks());
	}

	async refuse(): Promise<void> {
		await this.#reader.cancel().catch(() => {});
	}
}
