/** Stand-ins for a browser's media devices, for tests in node. Everything that was opened is kept in a list. */

export class FakeTrack extends EventTarget {
	readyState: 'live' | 'ended' = 'live';
	enabled = true;
	contentHint = '';
	readonly kind: 'audio' | 'video';
	readonly settings: MediaTrackSettings;
	constructor(kind: 'audio' | 'video', settings: MediaTrackSettings = {}) {
		super();
		this.kind = kind;
		this.settings = settings;
	}
	getSettings() {
		return this.settings;
	}
	stop() {
		this.readyState = 'ended';
	}
	/** Taken away from outside, as when it is unplugged. */
	unplug() {
		this.readyState = 'ended';
		this.dispatchEvent(new Event('ended'));
	}
}

export class FakeStream {
	readonly tracks: FakeTrack[];
	constructor(tracks: FakeTrack[] = []) {
		this.tracks = tracks;
	}
	getTracks() {
		return this.tracks;
	}
	getAudioTracks() {
		return this.tracks.filter((track) => track.kind === 'audio');
	}
	getVideoTracks() {
		return this.tracks.filter((track) => track.kind === 'video');
	}
}

type Wish = MediaStreamConstraints & {
	audio?: MediaTrackConstraints | boolean;
	video?: MediaTrackConstraints | boolean;
};

export class FakeDevices extends EventTarget {
	opened: FakeTrack[] = [];
	asked: Wish[] = [];
	/** What to throw when a microphone or a camera is asked for. */
	broken: { microphone?: string; camera?: string; screen?: string } = {};
	/** The devices that are plugged in. */
	plugged = { microphone: ['mic-1', 'mic-2'], camera: ['cam-1', 'cam-2'] };
	/** Set to hold every answer back until it is resolved. */
	gate: Promise<void> = Promise.resolve();

	async getUserMedia(wish: Wish): Promise<MediaStream> {
		this.asked.push(wish);
		await this.gate;
		const tracks: FakeTrack[] = [];
		for (const [slot, kind, constraints] of [
			['microphone', 'audio', wish.audio],
			['camera', 'video', wish.video],
		] as const) {
			if (!constraints) continue;
			const why = this.broken[slot];
			if (why) throw new DOMException('no', why);
			const exact =
				typeof constraints === 'object'
					? (constraints.deviceId as { exact: string } | undefined)?.exact
					: undefined;
			const facingMode =
				typeof constraints === 'object' ? (constraints.facingMode as string | undefined) : undefined;
			const deviceId = exact ?? this.plugged[slot][0];
			if (!deviceId || !this.plugged[slot].includes(deviceId)) throw new DOMException('no', 'NotFoundError');
			tracks.push(new FakeTrack(kind, { deviceId, ...(facingMode ? { facingMode } : {}) }));
		}
		this.opened.push(...tracks);
		return new FakeStream(tracks) as unknown as MediaStream;
	}

	async getDisplayMedia(): Promise<MediaStream> {
		await this.gate;
		if (this.broken.screen) throw new DOMException('no', this.broken.screen);
		const track = new FakeTrack('video', { displaySurface: 'window' });
		this.opened.push(track);
		return new FakeStream([track]) as unknown as MediaStream;
	}

	async enumerateDevices(): Promise<MediaDeviceInfo[]> {
		const info = (kind: string) => (deviceId: string) =>
			({ kind, deviceId, label: deviceId }) as MediaDeviceInfo;
		return [
			...this.plugged.microphone.map(info('audioinput')),
			...this.plugged.camera.map(info('videoinput')),
			...['out-1'].map(info('audiooutput')),
		];
	}

	/** What would still have its light on. */
	get live() {
		return this.opened.filter((track) => track.readyState === 'live');
	}
	get asMediaDevices() {
		return this as unknown as MediaDevices;
	}
}
