import type { SideStatus } from './call-media.ts';
import { LocalMedia, type Choice, type Devices, type MediaProblem, type Slot } from './media.ts';

export interface OwnSideOptions {
	/** Devices to begin with. */
	choice?: (Choice & { speaker?: string | undefined }) | undefined;
	/** This person prefers these devices from now on. */
	onchosen?: ((choice: Partial<Record<Slot | 'speaker', string>>) => void) | undefined;
	devices?: MediaDevices | undefined;
	/** What is sent, or said about it, has changed. */
	onchanged?: () => void;
}

/** What this side of a call shows and sends: microphone, camera, screen, and the devices behind them. */
export class OwnSide {
	/** My own picture, for the small view. */
	picture: MediaStream | null = $state.raw(null);
	/** My own voice, for a meter. */
	voice: MediaStreamTrack | null = $state.raw(null);
	microphone: boolean = $state(true);
	camera: boolean = $state(false);
	screen: boolean = $state(false);
	/** Newest last. */
	problems: MediaProblem[] = $state.raw([]);
	devices: Devices = $state.raw({ microphones: [], cameras: [], speakers: [] });
	chosen: { microphone: string; camera: string; speaker: string } = $state.raw({
		microphone: '',
		camera: '',
		speaker: '',
	});

	readonly #options: OwnSideOptions;
	readonly #local: LocalMedia;
	#closed = false;

	constructor(options: OwnSideOptions = {}) {
		this.#options = options;
		const { microphone = '', camera = '', speaker = '' } = options.choice ?? {};
		this.chosen = { microphone, camera, speaker };
		this.#local = new LocalMedia(
			{
				track: (slot, track) => this.#tracked(slot, track),
				problem: (problem) => {
					this.problems = [...this.problems.filter((each) => each !== problem), problem];
				},
				devices: () => void this.list(),
			},
			options.choice,
			options.devices,
		);
	}

	/** What goes to the other side now. */
	get tracks(): { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } {
		return { audio: this.#local.microphone, video: this.#local.picture };
	}

	get status(): SideStatus {
		return {
			microphone: this.microphone && this.#local.microphone !== null,
			camera: this.#local.camera !== null,
			screen: this.#local.screen !== null,
		};
	}

	/** Opens the microphone, and the camera if wished. Never throws: what fails is a problem. */
	async open(camera: boolean): Promise<void> {
		this.camera = camera;
		await this.#local.open(camera);
		this.camera = this.#local.camera !== null;
		await this.list();
	}

	async setMicrophone(on: boolean): Promise<void> {
		this.microphone = on;
		if (this.#local.microphone) this.#local.microphone.enabled = on;
		else if (on) await this.#local.open(false);
		this.#options.onchanged?.();
	}

	async setCamera(on: boolean): Promise<void> {
		this.camera = on;
		await this.#local.setCamera(on);
		// What was switched on in vain is off.
		this.camera = this.#local.camera !== null;
		if (on) await this.list();
	}

	async flipCamera(): Promise<void> {
		await this.#local.flip();
		await this.list();
	}

	async setScreen(on: boolean): Promise<void> {
		if (on) await this.#local.share();
		else this.#local.unshare();
	}

	async choose(what: Slot | 'speaker', deviceId: string): Promise<void> {
		this.chosen = { ...this.chosen, [what]: deviceId };
		this.#options.onchosen?.({ [what]: deviceId });
		// The speaker is a matter of the element that plays, on the screen.
		if (what !== 'speaker') await this.#local.choose(what, deviceId);
		await this.list();
	}

	dismiss(problem: string): void {
		this.problems = this.problems.filter((each) => each !== problem);
	}

	/** Every light off, at once. */
	close(): void {
		this.#closed = true;
		this.#local.close();
		this.picture = this.voice = null;
		this.screen = this.camera = false;
	}

	#tracked(slot: Slot | 'screen', track: MediaStreamTrack | null): void {
		if (slot === 'microphone') this.voice = track;
		if (slot === 'microphone' && track) track.enabled = this.microphone;
		if (slot === 'camera') this.camera = track !== null;
		if (slot === 'screen') this.screen = track !== null;
		// Working again: the sentence about it is old.
		if (track) this.problems = this.problems.filter((problem) => !problem.startsWith(slot));
		const { picture } = this.#local;
		if (slot !== 'microphone') this.picture = picture ? new MediaStream([picture]) : null;
		this.#options.onchanged?.();
	}

	/** Looks which devices there are, and which of them are in use. */
	async list(): Promise<void> {
		const devices = await this.#local.list();
		if (this.#closed) return;
		this.devices = devices;
		const current = (track: MediaStreamTrack | null) => track?.getSettings?.().deviceId;
		this.chosen = {
			microphone: current(this.#local.microphone) ?? known(this.chosen.microphone, devices.microphones),
			camera: current(this.#local.camera) ?? known(this.chosen.camera, devices.cameras),
			speaker: known(this.chosen.speaker, devices.speakers),
		};
	}
}

/** What will be used as far as one can tell: what was chosen, or the first there is. */
function known(chosen: string, devices: MediaDeviceInfo[]): string {
	const [first] = devices;
	return devices.some(({ deviceId }) => deviceId === chosen) ? chosen : (first?.deviceId ?? '');
}
