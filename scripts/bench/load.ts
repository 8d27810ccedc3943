import type { Line } from './line.ts';

/** Messages as a client sends them; the ids say whose they are, so that nothing has to be parsed to recognise one's own. */
export class Speaker {
	readonly #line: Line;
	readonly #name: string;
	#said = 0;
	#own = 0;
	#heard = 0;
	#onOwn: () => void = () => {};
	#onHeard: () => void = () => {};

	constructor(line: Line, name: string) {
		this.#line = line;
		this.#name = name;
		line.hear = (text) => {
			const at = text.indexOf('"id":"');
			if (at < 0 || text.includes('"refused"')) throw new Error(`Not a message: ${text.slice(0, 200)}`);
			this.#heard++;
			if (text.startsWith(this.#name, at + 6)) {
				this.#own++;
				this.#onOwn();
			}
			this.#onHeard();
		};
	}

	#say(): void {
		const id = `${this.#name}-${String(this.#said++).padStart(7, '0')}`;
		const text = `Message ${id} of a conversation, as long as messages usually are.`;
		this.#line.send(JSON.stringify({ type: 'send', id, body: { kind: 'text', text } }));
	}

	/** Says so many, each when the one before is acknowledged. Returns how long each took, in ms. */
	oneAtATime(count: number): Promise<number[]> {
		const took: number[] = [];
		let began = 0;
		const next = () => {
			began = performance.now();
			this.#say();
		};
		return new Promise((done) => {
			this.#onOwn = () => {
				took.push(performance.now() - began);
				if (took.length < count) next();
				else done(took);
			};
			next();
		});
	}

	/** Says so many, never more than `outstanding` of them unacknowledged. */
	many(count: number, outstanding: number): Promise<void> {
		const goal = this.#own + count;
		let left = count;
		return new Promise((done) => {
			this.#onOwn = () => {
				if (left > 0) this.#say();
				left--;
				if (this.#own === goal) done();
			};
			for (let n = 0; n < Math.min(count, outstanding); n++) {
				left--;
				this.#say();
			}
		});
	}

	/** Waits until so many messages in all, its own among them, have arrived. */
	hears(total: number): Promise<void> {
		return new Promise((done) => {
			this.#onHeard = () => this.#heard >= total && done();
			this.#onHeard();
		});
	}

	get heard(): number {
		return this.#heard;
	}
}

/** Says so many messages in every room, by each person in it, and returns messages a second until all have heard all. */
export async function throughput(
	rooms: Speaker[][],
	perSpeaker: number,
	outstanding: number,
): Promise<number> {
	const before = rooms.flat().map((speaker) => speaker.heard);
	const began = performance.now();
	await Promise.all(rooms.flat().map((speaker) => speaker.many(perSpeaker, outstanding)));
	let index = 0;
	for (const room of rooms)
		for (const speaker of room) await speaker.hears(before[index++]! + perSpeaker * room.length);
	return (rooms.flat().length * perSpeaker * 1000) / (performance.now() - began);
}

export function median(numbers: number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}
