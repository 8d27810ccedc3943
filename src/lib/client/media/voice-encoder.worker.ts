import * as drafts from './drafts.ts';
import { VoiceEncoder } from './mp3.ts';

/** Makes MP3 of what the microphone gives and keeps it as it comes, away from the page's own thread. */

export type ToEncoder = { begin: { draft: string; rate: number; sound: MessagePort } } | { end: true };
export type FromEncoder =
	| { heard: { level: number; duration: number } }
	/** Everything is in: also here, in case nothing could be kept. */
	| { done: { chunks: Pick<Piece, 'mp3' | 'levels' | 'duration'>[] } }
	/** This browser keeps nothing: a crash would lose the recording, which goes on. */
	| { unkept: true };
type Piece = Parameters<typeof drafts.keep>[0];

/** So much sound, in ms, is kept at a time: what a crash can cost at most. */
const KEEP_EVERY = 500;

const say = (message: FromEncoder) => postMessage(message);

let encoder: VoiceEncoder | null = null;
let draft = '';
const kept: Piece[] = [];
let waiting: { mp3: Uint8Array[]; levels: number[] } = { mp3: [], levels: [] };
let keptUpTo = 0;
let keeping: Promise<unknown> = Promise.resolve();
let unkept = false;

addEventListener('message', ({ data }: MessageEvent<ToEncoder>) => {
	if ('end' in data) return end();
	draft = data.begin.draft;
	encoder = new VoiceEncoder(data.begin.rate);
	data.begin.sound.onmessage = ({ data: sound }: MessageEvent<Float32Array | 'end'>) => {
		if (sound === 'end') end();
		else hear(sound);
	};
});

function hear(sound: Float32Array): void {
	if (!encoder) return;
	take(encoder.encode(sound));
	const level = sound.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0);
	say({ heard: { level: Math.min(1, level), duration: encoder.duration } });
	if (encoder.duration - keptUpTo >= KEEP_EVERY) keep(encoder.duration);
}

function take(part: { mp3: Uint8Array; levels: number[] }): void {
	waiting.mp3.push(part.mp3);
	waiting.levels.push(...part.levels);
}

function keep(upTo: number): void {
	const length = waiting.mp3.reduce((sum, part) => sum + part.length, 0);
	const mp3 = new Uint8Array(length);
	let at = 0;
	for (const part of waiting.mp3) {
		mp3.set(part, at);
		at += part.length;
	}
	const piece: Piece = { draft, n: kept.length, mp3, levels: waiting.levels, duration: upTo - keptUpTo };
	kept.push(piece);
	waiting = { mp3: [], levels: [] };
	keptUpTo = upTo;
	keeping = keeping
		.then(() => drafts.keep(piece))
		.catch(() => {
			if (!unkept) say({ unkept: true });
			unkept = true;
		});
}

function end(): void {
	if (!encoder) return;
	const { duration } = encoder;
	take(encoder.finish());
	encoder = null;
	keep(duration);
	void keeping.then(() => say({ done: { chunks: kept } }));
}
