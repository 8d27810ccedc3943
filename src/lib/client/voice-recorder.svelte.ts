import { VOICE_MAX_MS, VOICE_WARNING_MS } from '#lib/chat/media.ts';
import { problemOf, type DeviceProblem } from './devices.ts';
import * as drafts from './media/drafts.ts';
import type { Recording } from './media/drafts.ts';
import { openMicrophone, type Microphone } from './media/microphone.ts';
import type { FromEncoder, ToEncoder } from './media/voice-encoder.worker.ts';

export type { Recording };

/** `asking`: the browser asks the person. `ending`: the last of it is being put together. */
export type RecorderState = 'idle' | 'asking' | 'recording' | 'ending' | 'recorded';

/** So many levels are drawn while recording. */
const LIVE_LEVELS = 64;
/** A microphone that is silent by order of the system for so long was taken away: a telephone call, most often. */
const MUTED_PATIENCE = 1_500;
/** The audio thread gets so long to hand over the rest. A context that was interrupted never does. */
const END_PATIENCE = 600;

/**
 * Records one voice message of one room at a time. Every half second goes to IndexedDB: a closed tab, a crash or a
 * telephone call leaves a draft, which `recover` brings back. Nothing is ever thrown away except by `discard`.
 */
export class VoiceRecorder {
	state = $state<RecorderState>('idle');
	/** ms recorded so far. */
	elapsed = $state(0);
	/** The last levels heard, 0 to 1, oldest first. */
	levels = $state.raw<number[]>([]);
	recording = $state.raw<Recording | null>(null);
	/** It comes from an earlier page, not from just now. */
	recovered = $state(false);
	/** Why there is no recording, or why it ended by itself. */
	problem = $state<DeviceProblem | null>(null);
	/** This browser keeps nothing: a closed tab would lose it. */
	unkept = $state(false);
	/** Seconds left, when there are few. */
	readonly left = $derived.by(() => {
		const rest = VOICE_MAX_MS - this.elapsed;
		return this.state === 'recording' && rest <= VOICE_WARNING_MS
			? Math.max(0, Math.ceil(rest / 1000))
			: null;
	});

	readonly #person: string;
	readonly #room: string;
	/** Grows with every recording that is begun or given up, so that an answer to an older request is let go. */
	#asked = 0;
	#microphone: Microphone | null = null;
	#capture: AudioWorkletNode | null = null;
	#encoder: Worker | null = null;
	#draft = '';
	#muted: ReturnType<typeof setTimeout> | undefined;
	#awake: WakeLockSentinel | null = null;
	/** Lets go of the lock that says that this tab lives. */
	#release: () => void = () => {};
	#ended: Promise<void> = Promise.resolve();

	constructor(person: string, room: string) {
		this.#person = person;
		this.#room = room;
	}

	/** Call it from a click: without one, browsers give no sound. Never throws; what is wrong is in `problem`. */
	async start(): Promise<void> {
		if (this.state !== 'idle') return;
		this.state = 'asking';
		this.problem = null;
		this.elapsed = 0;
		this.levels = [];
		const asked = ++this.#asked;
		try {
			const microphone = await openMicrophone();
			if (asked !== this.#asked) return microphone.close();
			this.#microphone = microphone;
			await this.#begin(microphone, asked);
		} catch (error) {
			if (asked !== this.#asked) return;
			this.#close();
			this.problem = problemOf(error);
			this.state = 'idle';
		}
	}

	async #begin({ context, stream }: Microphone, asked: number): Promise<void> {
		const draft = (this.#draft = crypto.randomUUID());
		this.#hold(draft);
		await drafts
			.begin({ id: draft, person: this.#person, room: this.#room, startedAt: Date.now() })
			.catch(() => (this.unkept = true));
		if (asked !== this.#asked) return; // discarded meanwhile

		const encoder = (this.#encoder = new Worker(new URL('./media/voice-encoder.worker.ts', import.meta.url), {
			type: 'module',
		}));
		let resolve = () => {};
		this.#ended = new Promise((done) => (resolve = done));
		encoder.onmessage = ({ data }: MessageEvent<FromEncoder>) => {
			if ('heard' in data) this.#heard(data.heard);
			else if ('unkept' in data) this.unkept = true;
			else {
				this.recording = drafts.join(draft, data.done.chunks);
				resolve();
			}
		};
		encoder.onerror = () => {
			// What it had kept is in the database.
			void drafts
				.assemble(draft)
				.then((recording) => (this.recording = recording))
				.catch(() => {})
				.finally(resolve);
			void this.stop('failed');
		};

		const { port1, port2 } = new MessageChannel();
		const begin: ToEncoder = { begin: { draft, rate: context.sampleRate, sound: port2 } };
		encoder.postMessage(begin, [port2]);
		const capture = (this.#capture = new AudioWorkletNode(context, 'voice-capture', { numberOfOutputs: 1 }));
		capture.port.postMessage({ out: port1 }, [port1]);
		// Safari runs only what leads to a destination; the node itself says nothing.
		context.createMediaStreamSource(stream).connect(capture).connect(context.destination);
		this.state = 'recording';

		const [track] = stream.getAudioTracks();
		if (track) {
			track.onended = () => void this.stop('taken_away');
			track.onmute = () => (this.#muted = setTimeout(() => void this.stop('taken_away'), MUTED_PATIENCE));
			track.onunmute = () => clearTimeout(this.#muted);
		}
		context.onstatechange = () => {
			if (context.state !== 'running') void this.stop('taken_away');
		};
		// A screen that locks itself would end the recording on a telephone.
		this.#awake = (await navigator.wakeLock?.request('screen').catch(() => null)) ?? null;
	}

	#heard({ level, duration }: { level: number; duration: number }): void {
		this.elapsed = Math.min(duration, VOICE_MAX_MS);
		this.levels = [...this.levels, level].slice(-LIVE_LEVELS);
		if (duration >= VOICE_MAX_MS) void this.stop();
	}

	/** Ends the recording and keeps it. Resolves when it can be listened to. */
	async stop(why: DeviceProblem | null = null): Promise<void> {
		if (this.state === 'asking') return this.discard();
		if (this.state !== 'recording') return;
		this.state = 'ending';
		this.problem = why;
		// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
		this.#capture?.port.postMessage('end');
		const patience = setTimeout(
			() => this.#encoder?.postMessage({ end: true } satisfies ToEncoder),
			END_PATIENCE,
		);
		await this.#ended;
		clearTimeout(patience);
		this.#close();
		if ((this.state as RecorderState) !== 'ending') return;
		this.state = this.recording ? 'recorded' : 'idle';
		if (!this.recording) this.#forget();
	}

	/** Ends it, if it goes on, and throws it away. */
	async discard(): Promise<void> {
		this.#asked++;
		this.state = 'idle';
		this.#close();
		this.#forget();
		this.reset();
	}

	/** The recording has been taken over, by the outbox: begin anew. */
	reset(): void {
		this.state = 'idle';
		this.recording = null;
		this.recovered = false;
		this.problem = null;
		this.elapsed = 0;
		this.levels = [];
		this.#release();
	}

	/** Brings back what a closed tab or a crash left behind. */
	async recover(): Promise<void> {
		const found = await drafts.leftBehind(this.#person, this.#room).catch(() => null);
		if (!found || this.state !== 'idle') return;
		this.#draft = found.id;
		this.#hold(found.id);
		this.recording = found;
		this.elapsed = found.duration;
		this.recovered = true;
		this.state = 'recorded';
	}

	/** The page goes away: the microphone is let go, what was recorded stays as a draft. */
	async close(): Promise<void> {
		if (this.state === 'recording') await this.stop();
		else if (this.state === 'asking') this.state = 'idle';
		this.#asked++; // an answer comes too late
		this.#close();
		this.#release();
	}

	#close(): void {
		clearTimeout(this.#muted);
		this.#microphone?.close();
		this.#encoder?.terminate();
		void this.#awake?.release().catch(() => {});
		this.#microphone = this.#capture = this.#encoder = this.#awake = null;
	}

	#forget(): void {
		const draft = this.#draft;
		this.#draft = '';
		if (draft) void drafts.drop(draft).catch(() => {});
	}

	#hold(draft: string): void {
		this.#release();
		const held = new Promise<void>((done) => (this.#release = done));
		void navigator.locks?.request(drafts.lockOf(draft), () => held).catch(() => {});
	}
}
