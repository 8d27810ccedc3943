import { CLIP_MAX_MS } from '#lib/chat/media.ts';
import { problemOf, stop, type DeviceProblem } from './devices.ts';

/** What clips are recorded as, best first: MP4 with H.264 and AAC plays everywhere, WebM nearly. */
const CLIP_TYPES = [
	'video/mp4;codecs=avc1.42E01E,mp4a.40.2',
	'video/webm;codecs=vp9,opus',
	'video/webm;codecs=vp8,opus',
	'video/webm',
	'video/mp4',
];
const CLIP_BITRATE = 2_400_000;

/** The camera of this device: a live picture, photos and short clips from it. */
export class Camera {
	state = $state<'off' | 'asking' | 'live' | 'recording'>('off');
	problem = $state<DeviceProblem | null>(null);
	/** For a `<video>`'s srcObject. */
	stream = $state.raw<MediaStream | null>(null);
	/** There is another one to switch to. */
	several = $state(false);
	/** It shows the person who looks at it: shown as in a mirror, taken as it is. */
	mirrored = $state(false);
	/** ms of the clip that is being recorded. */
	elapsed = $state(0);

	#facing: 'user' | 'environment' = 'environment';
	#device: string | null = null;
	#recorder: MediaRecorder | null = null;
	#ticking: ReturnType<typeof setInterval> | undefined;
	/** Grows with every request, so that an answer to an older one is let go. */
	#asked = 0;

	/** Never throws; what is wrong is in `problem`. */
	async start(): Promise<void> {
		const asked = ++this.#asked;
		this.#letGo();
		this.state = 'asking';
		this.problem = null;
		try {
			const stream = await navigator.mediaDevices.getUserMedia({
				video: {
					width: { ideal: 1920 },
					height: { ideal: 1080 },
					...(this.#device ? { deviceId: { exact: this.#device } } : { facingMode: this.#facing }),
				},
			});
			if (asked !== this.#asked) return stop(stream);
			const [track] = stream.getVideoTracks();
			const settings = track?.getSettings();
			this.mirrored = settings?.facingMode !== 'environment' && settings?.facingMode !== undefined;
			if (track) track.onended = () => this.#lost();
			this.stream = stream;
			this.state = 'live';
			const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
			this.several = devices.filter(({ kind }) => kind === 'videoinput').length > 1;
		} catch (error) {
			if (asked !== this.#asked) return;
			this.problem = problemOf(error);
			this.state = 'off';
		}
	}

	/** The next camera: on a telephone the one on its other side. */
	async switch(): Promise<void> {
		const now = this.stream?.getVideoTracks()[0]?.getSettings();
		const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(
			({ kind }) => kind === 'videoinput',
		);
		const at = cameras.findIndex(({ deviceId }) => deviceId === now?.deviceId);
		const next = cameras[(at + 1) % cameras.length];
		if (now?.facingMode) this.#facing = now.facingMode === 'user' ? 'environment' : 'user';
		this.#device = now?.facingMode ? null : (next?.deviceId ?? null);
		await this.start();
	}

	/** What the camera sees now, in full size. Null when it sees nothing yet. */
	async take(video: HTMLVideoElement): Promise<Blob | null> {
		if (!video.videoWidth) return null;
		const canvas = document.createElement('canvas');
		canvas.width = video.videoWidth;
		canvas.height = video.videoHeight;
		canvas.getContext('2d')?.drawImage(video, 0, 0);
		return new Promise((done) => canvas.toBlob(done, 'image/png'));
	}

	/**
	 * Records a clip until `stopClip`, or until it may be no longer.
	 * @returns the clip, or null when nothing came of it
	 */
	async recordClip(): Promise<Blob | null> {
		if (!this.stream || this.state !== 'live') return null;
		const video = this.stream;
		// Without a microphone it is a silent clip, not none.
		const sound = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
		if (this.stream !== video) {
			stop(sound);
			return null;
		}
		const tracks = [...video.getVideoTracks(), ...(sound?.getAudioTracks() ?? [])];
		const type = CLIP_TYPES.find((known) => MediaRecorder.isTypeSupported(known));
		const recorder = (this.#recorder = new MediaRecorder(new MediaStream(tracks), {
			videoBitsPerSecond: CLIP_BITRATE,
			...(type ? { mimeType: type } : {}),
		}));
		const parts: Blob[] = [];
		recorder.ondataavailable = ({ data }) => parts.push(data);
		const ended = new Promise<void>((done) => {
			recorder.onstop = () => done();
			recorder.onerror = () => done();
		});
		const began = performance.now();
		this.elapsed = 0;
		this.state = 'recording';
		recorder.start(1_000);
		this.#ticking = setInterval(() => {
			this.elapsed = performance.now() - began;
			if (this.elapsed >= CLIP_MAX_MS - 1_000) this.stopClip();
		}, 200);
		await ended;
		clearInterval(this.#ticking);
		stop(sound);
		this.#recorder = null;
		if ((this.state as string) === 'recording') this.state = 'live';
		const clip = new Blob(parts, { type: recorder.mimeType });
		return clip.size > 0 ? clip : null;
	}

	stopClip(): void {
		if (this.#recorder?.state === 'recording') this.#recorder.stop();
	}

	/** Off, with its light. */
	close(): void {
		this.#asked++;
		this.#letGo();
		this.state = 'off';
	}

	#lost(): void {
		this.stopClip();
		this.#letGo();
		this.problem = 'taken_away';
		this.state = 'off';
	}

	#letGo(): void {
		clearInterval(this.#ticking);
		this.stopClip();
		stop(this.stream);
		this.stream = null;
	}
}
