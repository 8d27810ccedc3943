import { problemOf, type DeviceProblem } from '../devices.ts';

/**
 * This device's microphone, camera, screen and speakers. One place that opens and stops them, so that every light is
 * off the moment a call ends; what carries the media (call-media.ts) only borrows the tracks.
 */

/** Why something is not there. Each has a sentence on the screen; the call goes on with what there is. */
export type MediaProblem =
	| `${'microphone' | 'camera'}_${Exclude<DeviceProblem, 'unsupported'>}`
	| 'screen_failed'
	/** The page may not use devices at all: not HTTPS, or an old browser. */
	| 'unsupported';

export type Slot = 'microphone' | 'camera';

export interface Choice {
	microphone?: string | undefined;
	camera?: string | undefined;
	/** The camera to begin with on a phone. */
	facing?: 'user' | 'environment' | undefined;
}

export interface Devices {
	microphones: MediaDeviceInfo[];
	cameras: MediaDeviceInfo[];
	speakers: MediaDeviceInfo[];
}

function problemWith(slot: Slot, error: unknown): MediaProblem {
	const problem = problemOf(error);
	return problem === 'unsupported' ? problem : `${slot}_${problem}`;
}

export function constraintsFor(slot: Slot, choice: Choice): MediaTrackConstraints {
	if (slot === 'microphone') {
		return {
			echoCancellation: true,
			noiseSuppression: true,
			autoGainControl: true,
			...(choice.microphone ? { deviceId: { exact: choice.microphone } } : {}),
		};
	}
	return {
		width: { ideal: 1280 },
		height: { ideal: 720 },
		frameRate: { ideal: 30 },
		...(choice.camera ? { deviceId: { exact: choice.camera } } : { facingMode: choice.facing ?? 'user' }),
	};
}

type Listener = {
	/** A track took the place of another, or of none. */
	track(slot: Slot | 'screen', track: MediaStreamTrack | null): void;
	problem(problem: MediaProblem): void;
	/** The list of devices changed. */
	devices(): void;
};

export class LocalMedia {
	#devices: MediaDevices | undefined;
	#on: Listener;
	#choice: Choice;
	#tracks: Record<Slot | 'screen', MediaStreamTrack | null> = {
		microphone: null,
		camera: null,
		screen: null,
	};
	/** Grows with every request for a slot, so that an answer to an older one is stopped and dropped. */
	#asked: Record<Slot | 'screen', number> = { microphone: 0, camera: 0, screen: 0 };
	#closed = false;
	#changed = () => this.#on.devices();

	constructor(
		on: Listener,
		choice: Choice = {},
		devices: MediaDevices | undefined = globalThis.navigator?.mediaDevices,
	) {
		this.#on = on;
		this.#choice = choice;
		this.#devices = devices;
		devices?.addEventListener?.('devicechange', this.#changed);
	}

	get microphone() {
		return this.#tracks.microphone;
	}
	get camera() {
		return this.#tracks.camera;
	}
	get screen() {
		return this.#tracks.screen;
	}
	/** What the other side should see: the screen while it is shared, the camera otherwise. */
	get picture() {
		return this.#tracks.screen ?? this.#tracks.camera;
	}

	/** Opens the microphone, and the camera with it, in one question to the person where possible. Never throws. */
	async open(camera: boolean): Promise<void> {
		if (!camera) return this.#open('microphone');
		const asked = [++this.#asked.microphone, ++this.#asked.camera];
		let stream: MediaStream;
		try {
			stream = await this.#ask({
				audio: constraintsFor('microphone', this.#choice),
				video: constraintsFor('camera', this.#choice),
			});
		} catch {
			// One of the two is in the way; ask for each, so that the other is there and the reason is the right one.
			if (this.#closed) return;
			await this.#open('microphone');
			return this.#open('camera');
		}
		this.#keep('microphone', stream.getAudioTracks()[0] ?? null, asked[0]!);
		this.#keep('camera', stream.getVideoTracks()[0] ?? null, asked[1]!);
	}

	/** The camera on, or off with its light. */
	async setCamera(on: boolean): Promise<void> {
		if (on) return this.#open('camera');
		this.#asked.camera++;
		this.#put('camera', null);
	}

	/** Another device from the list. */
	async choose(slot: Slot, deviceId: string): Promise<void> {
		this.#choice = { ...this.#choice, [slot]: deviceId };
		// Many phones cannot have two cameras open: the old one first.
		if (slot === 'camera') this.#tracks.camera?.stop();
		if (slot === 'microphone' || this.#tracks.camera) return this.#open(slot);
	}

	/** The camera on the other side of a phone. */
	async flip(): Promise<void> {
		const facing = this.#tracks.camera?.getSettings().facingMode === 'environment' ? 'user' : 'environment';
		this.#choice = { ...this.#choice, camera: undefined, facing };
		this.#tracks.camera?.stop();
		return this.#open('camera');
	}

	/** @returns whether the screen is shared now; false also when the person thought better of it */
	async share(): Promise<boolean> {
		const asked = ++this.#asked.screen;
		let stream: MediaStream;
		try {
			if (!this.#devices?.getDisplayMedia) throw new TypeError('no screen sharing here');
			stream = await this.#devices.getDisplayMedia({ video: { frameRate: { ideal: 15 } }, audio: false });
		} catch (error) {
			if (!(error instanceof DOMException && error.name === 'NotAllowedError'))
				this.#on.problem('screen_failed');
			return false;
		}
		const track = stream.getVideoTracks()[0] ?? null;
		// Sharp text matters more than smooth motion.
		if (track && 'contentHint' in track) track.contentHint = 'detail';
		this.#keep('screen', track, asked);
		return this.#tracks.screen === track;
	}

	unshare(): void {
		this.#asked.screen++;
		this.#put('screen', null);
	}

	async list(): Promise<Devices> {
		const all = (await this.#devices?.enumerateDevices().catch(() => [])) ?? [];
		// Before permission is given the list has entries without an id.
		const of = (kind: MediaDeviceKind) => all.filter((device) => device.kind === kind && device.deviceId);
		return { microphones: of('audioinput'), cameras: of('videoinput'), speakers: of('audiooutput') };
	}

	/** Stops everything, also what is only just being opened. */
	close(): void {
		this.#closed = true;
		this.#devices?.removeEventListener?.('devicechange', this.#changed);
		for (const slot of ['microphone', 'camera', 'screen'] as const) {
			this.#tracks[slot]?.stop();
			this.#tracks[slot] = null;
		}
	}

	async #open(slot: Slot): Promise<void> {
		const asked = ++this.#asked[slot];
		const wish = (choice: Choice): MediaStreamConstraints =>
			slot === 'microphone'
				? { audio: constraintsFor(slot, choice), video: false }
				: { audio: false, video: constraintsFor(slot, choice) };
		const tracksOf = (stream: MediaStream) =>
			slot === 'microphone' ? stream.getAudioTracks() : stream.getVideoTracks();
		try {
			const stream = await this.#ask(wish(this.#choice)).catch((error: unknown) => {
				// The chosen one is gone: any other will do.
				if (!this.#choice[slot] || problemWith(slot, error) !== `${slot}_missing`) throw error;
				this.#choice = { ...this.#choice, [slot]: undefined };
				return this.#ask(wish(this.#choice));
			});
			this.#keep(slot, tracksOf(stream)[0] ?? null, asked);
		} catch (error) {
			if (this.#closed || asked !== this.#asked[slot]) return;
			this.#on.problem(problemWith(slot, error));
			if (this.#tracks[slot]?.readyState === 'ended') this.#put(slot, null);
		}
	}

	async #ask(constraints: MediaStreamConstraints): Promise<MediaStream> {
		if (!this.#devices?.getUserMedia) throw new TypeError('no devices here');
		return this.#devices.getUserMedia(constraints);
	}

	#keep(slot: Slot | 'screen', track: MediaStreamTrack | null, asked: number): void {
		if (this.#closed || asked !== this.#asked[slot]) {
			track?.stop();
			return;
		}
		// Fires when a device is unplugged or taken away, and when sharing is stopped from the browser's own bar; not
		// after our own stop().
		track?.addEventListener('ended', () => void this.#lost(slot, track));
		this.#put(slot, track);
	}

	#put(slot: Slot | 'screen', track: MediaStreamTrack | null): void {
		const old = this.#tracks[slot];
		this.#tracks[slot] = track;
		if (old !== track) old?.stop();
		this.#on.track(slot, track);
	}

	async #lost(slot: Slot | 'screen', track: MediaStreamTrack): Promise<void> {
		if (this.#closed || this.#tracks[slot] !== track) return;
		this.#put(slot, null);
		if (slot === 'screen') return;
		this.#on.problem(`${slot}_taken_away`);
		// Another microphone is better than none; a camera is not switched on unasked.
		if (slot === 'microphone') {
			this.#choice = { ...this.#choice, microphone: undefined };
			await this.#open('microphone');
		}
	}
}
