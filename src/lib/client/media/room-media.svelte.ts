import type { Pending, SendableBody } from '#lib/chat/message.ts';
import { Camera } from '../camera.svelte.ts';
import type { RoomSession } from '../room-session.svelte.ts';
import { VoiceRecorder } from '../voice-recorder.svelte.ts';
import type { ClipProblem, PreparedClip } from './clip.ts';
import { MediaOutbox } from './media-outbox.svelte.ts';
import { preparePicture, type Picture, type PictureProblem } from './picture.ts';

/** One file that somebody chose, on its way to being sent. */
export interface ChosenFile {
	key: string;
	kind: 'photo' | 'clip';
	state: 'preparing' | 'ready' | 'refused';
	/** Of a clip, 0 to 1. */
	progress: number;
	name: string;
	/** Where it can be looked at. */
	url?: string;
	/** ms, of a clip */
	duration?: number;
	reason?: PictureProblem | ClipProblem | 'unsupported' | 'not_loaded';
}

/** What a message is called, and what it was chosen with. */
interface As {
	id: string;
	batch: string;
}

/** Pictures, clips and voice messages in one room, from choosing or recording to being sent. */
export class RoomMedia {
	readonly outbox: MediaOutbox;
	readonly recorder: VoiceRecorder;
	readonly camera = new Camera();
	chosen = $state<ChosenFile[]>([]);
	caption = $state('');
	cameraOpen = $state(false);
	/** What is chosen was taken with the camera: it can be taken again. */
	taken = $state(false);

	readonly #me: string;
	readonly #session: RoomSession;
	/** Too large to be looked into by reactivity. */
	readonly #prepared = new Map<string, Picture | PreparedClip>();
	readonly #stops = new Map<string, AbortController>();
	#turn: Promise<void> = Promise.resolve();

	constructor(session: RoomSession) {
		this.#me = session.me;
		this.#session = session;
		this.outbox = new MediaOutbox(session.me, session.room, {
			send: (body, id) => session.send(body, id),
			hasSaid: (id) => session.messages.some((message) => message.id === id && message.from === session.me),
		});
		this.recorder = new VoiceRecorder(session.me, session.room);
	}

	/** Takes up what earlier pages left: uploads, and a recording. */
	open(): void {
		this.outbox.open();
		void this.recorder.recover();
	}

	close(): void {
		this.outbox.close();
		void this.recorder.close();
		this.camera.close();
		this.cancel();
	}

	/** What is on its way, as the conversation shows it: only what the room's own outbox does not have, nor the room. */
	get pending(): Pending[] {
		const { messages, pending } = this.#session;
		const isKnown = (id: string) =>
			pending.some((one) => one.id === id) ||
			messages.some((message) => message.id === id && message.from === this.#me);
		return this.outbox.items
			.filter(({ id }) => !isKnown(id))
			.map(({ id, at, body, state, reason }) => ({
				id,
				from: this.#me,
				at,
				body,
				state: state === 'failed' ? 'failed' : 'sending',
				...(reason ? { reason } : {}),
			}));
	}

	/** Shows these before they are sent, beside what is chosen already, and gets them ready meanwhile. */
	choose(files: Iterable<File>, taken = false): void {
		this.closeCamera();
		this.taken = taken;
		for (const file of files) {
			const key = crypto.randomUUID();
			const kind = file.type.startsWith('video/') ? 'clip' : 'photo';
			this.chosen.push({ key, kind, state: 'preparing', progress: 0, name: file.name });
			const stop = new AbortController();
			this.#stops.set(key, stop);
			// One after the other: a hundred large pictures at once are more than a telephone can hold.
			this.#turn = this.#turn.then(async () => {
				if (stop.signal.aborted) return;
				const change = await this.#prepare(file, key, stop.signal).catch(() => refused('unreadable'));
				if (!stop.signal.aborted) this.#change(key, change);
				this.#stops.delete(key);
			});
		}
	}

	/** @returns what has become of it */
	async #prepare(file: File, key: string, signal: AbortSignal): Promise<Partial<ChosenFile>> {
		// A file without a type is looked into: systems that do not know HEIC say nothing.
		if (!/^(image\/|video\/|$)/.test(file.type)) return refused('unsupported');
		if (!file.type.startsWith('video/')) {
			const prepared = await preparePicture(file);
			if (!prepared.ok) return refused(prepared.code);
			return this.#ready(key, prepared.picture, signal);
		}
		const loaded = await import('./clip.ts').catch(() => null);
		if (!loaded) return refused('not_loaded');
		const onprogress = (progress: number) => this.#change(key, { progress });
		const prepared = await loaded.prepareClip(file, { signal, onprogress });
		if (!prepared.ok) return refused(prepared.code);
		return { ...this.#ready(key, prepared.clip, signal), duration: prepared.clip.duration };
	}

	#ready(key: string, prepared: Picture | PreparedClip, signal: AbortSignal): Partial<ChosenFile> {
		if (signal.aborted) return {}; // removed meanwhile
		this.#prepared.set(key, prepared);
		return { state: 'ready', url: URL.createObjectURL(prepared.blob) };
	}

	#change(key: string, to: Partial<ChosenFile>): void {
		const one = this.chosen.find((chosen) => chosen.key === key);
		if (one) Object.assign(one, to);
	}

	remove(key: string): void {
		this.#stops.get(key)?.abort();
		this.#stops.delete(key);
		this.#prepared.delete(key);
		const one = this.chosen.find((chosen) => chosen.key === key);
		if (one?.url) URL.revokeObjectURL(one.url);
		this.chosen = this.chosen.filter((chosen) => chosen.key !== key);
	}

	cancel(): void {
		for (const { key } of [...this.chosen]) this.remove(key);
		this.caption = '';
		this.taken = false;
	}

	/** Sends what is ready, each as a message of its own; the caption goes with the first. */
	async sendChosen(): Promise<void> {
		const ready = this.chosen.flatMap(({ key }) => this.#prepared.get(key) ?? []);
		let caption = this.caption.trim();
		const batch = crypto.randomUUID();
		// Before anything is waited for: a second click finds nothing to send.
		this.cancel();
		for (const prepared of ready) {
			const id = crypto.randomUUID();
			const said = caption ? { caption } : {};
			caption = '';
			await ('poster' in prepared
				? this.#sendClip({ id, batch }, prepared, said)
				: this.#sendPicture({ id, batch }, prepared, said));
		}
	}

	#sendPicture(as: As, { blob, ...picture }: Picture, said: { caption?: string }): Promise<void> {
		const { id } = as;
		const body = { kind: 'photo' as const, media: id, ...picture, ...said };
		return this.outbox.add({ ...as, body, files: [{ id, blob }] });
	}

	#sendClip(as: As, { blob, poster, ...clip }: PreparedClip, said: { caption?: string }): Promise<void> {
		const { id } = as;
		const still = poster ? { id: crypto.randomUUID(), blob: poster } : null;
		const body = {
			kind: 'clip' as const,
			media: id,
			...(still ? { poster: still.id } : {}),
			...clip,
			...said,
		};
		return this.outbox.add({ ...as, body, files: [{ id, blob }, ...(still ? [still] : [])] });
	}

	/** Ends the recording, if it goes on, and sends it. */
	async sendRecording(): Promise<void> {
		await this.recorder.stop();
		const { recording } = this.recorder;
		if (!recording) return;
		const { id, blob, duration, peaks } = recording;
		const body: SendableBody & { kind: 'voice' } = { kind: 'voice', media: id, duration, peaks };
		await this.outbox.add({ id, body, files: [{ id, blob }] }, id);
		this.recorder.reset();
	}

	openCamera(): void {
		this.cancel();
		this.cameraOpen = true;
		void this.camera.start();
	}

	closeCamera(): void {
		this.cameraOpen = false;
		this.camera.close();
	}

	async takePhoto(video: HTMLVideoElement): Promise<void> {
		const blob = await this.camera.take(video);
		if (!blob) return;
		this.closeCamera();
		this.choose([new File([blob], 'camera.png', { type: blob.type })], true);
	}

	async recordClip(): Promise<void> {
		const blob = await this.camera.recordClip();
		const still = this.cameraOpen;
		this.closeCamera();
		if (blob && still) this.choose([new File([blob], 'clip', { type: blob.type })], true);
	}
}

function refused(reason: NonNullable<ChosenFile['reason']>): Partial<ChosenFile> {
	return { state: 'refused', reason };
}
