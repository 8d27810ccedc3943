import type { CallClientFrame, CallCredentials, CallFrame, CallServerFrame } from '#lib/chat/call-frames.ts';
import {
	deviceOf,
	isLive,
	type Call,
	type CallKind,
	type CallOutcome,
	type DeviceId,
} from '#lib/chat/call.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import {
	openCallMedia,
	qualityOf,
	type CallMedia,
	type MediaFailure,
	type MediaWiring,
	type Quality,
	type SideStatus,
} from './call-media.ts';
import { LocalMedia, type Choice, type Devices, type MediaProblem, type Slot } from './media.ts';
import { StayAwake } from './stay-awake.ts';

/** The room's socket, as much as a call needs of it. */
export interface CallLine {
	/** Says it if the line is up; what matters is said again when it comes back. */
	send(frame: CallClientFrame): void;
	/** @returns how to stop listening */
	listen(listener: {
		frame(frame: CallServerFrame | RefusedCall): void;
		/** The line came up, for the first time or again, and has told the room's call. */
		open(): void;
	}): () => void;
}

/** The `refused` frame of protocol.ts; `id` is the call's. */
export interface RefusedCall {
	type: 'refused';
	code: string;
	id?: string | undefined;
	retryAfter?: number | undefined;
}

export type CallPhase =
	/** I call; nothing is known of the other's devices yet. */
	| 'calling'
	/** I call, and it rings there. */
	| 'ringing'
	/** It rings here. */
	| 'incoming'
	| 'connecting'
	| 'connected'
	| 'reconnecting'
	/** Another device of mine has answered. */
	| 'elsewhere'
	| 'ended';

/** How it ended, for the sentence on the screen. */
export type CallEnd =
	| CallOutcome
	| MediaFailure
	/** Was connected and could not be again in time. */
	| 'lost'
	/** The room would not have it. */
	| 'in_call'
	| 'slow_down'
	| 'not_friends';

export interface CallTimes {
	/** From the answer to the first sound. */
	connect: number;
	/** Without a way to the other side before giving up. */
	reconnect: number;
	/** A person who does not decide about the microphone still calls. */
	ask: number;
	/** After the room's own deadline, in case the line is down. */
	patience: number;
	stats: number;
}

const TIMES: CallTimes = { connect: 30_000, reconnect: 45_000, ask: 4_000, patience: 3_000, stats: 3_000 };

export interface CallSessionOptions {
	me: PersonId;
	device: DeviceId;
	line: CallLine;
	/** Devices to use, and whether this device's address is to be hidden. */
	choice?: Choice & { speaker?: string | undefined };
	relayOnly?: boolean;
	/** This person prefers these devices from now on. */
	onchosen?: (choice: Partial<Record<Slot | 'speaker', string>>) => void;
	/** The line is not needed any more. */
	onreleased?: () => void;
	open?: (wiring: MediaWiring) => Promise<CallMedia>;
	devices?: MediaDevices;
	times?: Partial<CallTimes>;
}

type Parting = 'decline' | 'cancel' | 'hang_up';
/** What is said until the room has heard it. */
type Owed = 'ring' | 'answer' | 'ready' | 'credentials' | Parting;

/**
 * One call as one device lives it, from the first ring to the last good-bye. What the room says is followed; what this
 * person wants is said until the room has heard it, however often the line breaks in between.
 */
export class CallSession {
	/** Did this device start it? */
	readonly outgoing: boolean;
	readonly kind: CallKind;
	phase: CallPhase = $state('calling');
	/** Set with phase `ended`. */
	ending: CallEnd | null = $state(null);
	call: Call | null = $state.raw(null);
	/** When it was answered, by this device's clock. */
	since: number | null = $state(null);

	/** The other side's sound and picture. */
	remote: MediaStream | null = $state.raw(null);
	theirs: SideStatus = $state.raw({ microphone: true, camera: false, screen: false });
	/** My own picture, for the small view. */
	mine: MediaStream | null = $state.raw(null);
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
	quality: Quality | null = $state(null);

	readonly over = $derived(this.phase === 'ended' || this.phase === 'elsewhere');

	#options: CallSessionOptions;
	#times: CallTimes;
	#id: string;
	#revision = -1;
	/** The room's clock minus ours. */
	#offset = 0;
	#owed = new Map<Owed, CallClientFrame>();
	#local: LocalMedia;
	#media: CallMedia | null = null;
	#mediaAsked = false;
	#connecting = false;
	#alerted = false;
	#awake = new StayAwake();
	#timers = new Map<string, ReturnType<typeof setTimeout>>();
	#deaf: () => void;
	#released = false;

	/** Calls somebody. */
	static ring(kind: CallKind, options: CallSessionOptions): CallSession {
		const session = new CallSession(crypto.randomUUID(), kind, true, options);
		void session.#ring();
		return session;
	}

	/** Takes up a call that rings here. */
	static incoming(told: CallFrame, options: CallSessionOptions): CallSession | null {
		const { call } = told;
		if (call?.state !== 'ringing' || call.callee !== options.me) return null;
		const session = new CallSession(call.id, call.kind, false, options);
		session.phase = 'incoming';
		session.#take(told);
		return session;
	}

	private constructor(id: string, kind: CallKind, outgoing: boolean, options: CallSessionOptions) {
		this.#id = id;
		this.kind = kind;
		this.outgoing = outgoing;
		this.#options = options;
		this.#times = { ...TIMES, ...options.times };
		if (options.choice?.speaker) this.chosen = { ...this.chosen, speaker: options.choice.speaker };
		this.#local = new LocalMedia(
			{
				track: (slot, track) => this.#tracked(slot, track),
				problem: (problem) => {
					this.problems = [...this.problems.filter((each) => each !== problem), problem];
				},
				devices: () => void this.#listDevices(),
			},
			options.choice,
			options.devices,
		);
		this.#deaf = options.line.listen({ frame: (frame) => this.#take(frame), open: () => this.#opened() });
	}

	/** @param camera show myself; a video call may be answered without */
	async answer(camera: boolean): Promise<void> {
		if (this.phase !== 'incoming') return;
		this.#clear('ring');
		this.phase = 'connecting';
		this.camera = camera;
		// First of all, so that it stops ringing everywhere.
		this.#owe({ type: 'answer', call: this.#id });
		await this.#openDevices(camera);
	}

	/** Whatever "no" or "enough" means now: decline, cancel or hang up. */
	hangUp(): void {
		switch (this.phase) {
			case 'incoming':
				return this.#quit({ type: 'decline', call: this.#id, busy: false }, 'declined');
			case 'calling':
			case 'ringing':
				// A ring that was never said needs no taking back.
				if (!this.#owed.has('ring') && !this.call) return this.#finish('cancelled');
				return this.#quit({ type: 'cancel', call: this.#id }, 'cancelled');
			case 'connecting':
			case 'connected':
			case 'reconnecting':
				return this.#leave('finished');
		}
	}

	/** Says no, because this device is in another call. */
	sayBusy(): void {
		if (this.phase === 'incoming') this.#quit({ type: 'decline', call: this.#id, busy: true }, 'busy');
	}

	/** Hears of the call by another way than the room's line, which may be down. */
	hear(told: CallFrame): void {
		if (!this.#released) this.#take(told);
	}

	async setMicrophone(on: boolean): Promise<void> {
		this.microphone = on;
		if (this.#local.microphone) this.#local.microphone.enabled = on;
		else if (on) await this.#local.open(false);
		this.#tell();
	}

	async setCamera(on: boolean): Promise<void> {
		this.camera = on;
		await this.#local.setCamera(on);
		if (on) await this.#listDevices();
	}

	async flipCamera(): Promise<void> {
		await this.#local.flip();
		await this.#listDevices();
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
		await this.#listDevices();
	}

	dismiss(problem: MediaProblem): void {
		this.problems = this.problems.filter((each) => each !== problem);
	}

	/** Leaves without waiting for anything: the page goes away. */
	close(): void {
		if (!this.over && this.phase !== 'incoming') this.hangUp();
		this.#finish('finished');
		this.#release();
	}

	async #ring(): Promise<void> {
		const opening = this.#openDevices(this.kind === 'video');
		await Promise.race([
			opening,
			new Promise((resolve) => this.#after('ask', this.#times.ask, () => resolve(null))),
		]);
		this.#clear('ask');
		if (this.phase === 'calling' && !this.call) this.#owe({ type: 'ring', call: this.#id, kind: this.kind });
	}

	async #openDevices(camera: boolean): Promise<void> {
		this.#awake.start();
		this.camera = camera;
		await this.#local.open(camera);
		await this.#listDevices();
	}

	#take(frame: CallServerFrame | RefusedCall): void {
		switch (frame.type) {
			case 'call': {
				if (frame.revision < this.#revision) return;
				this.#revision = frame.revision;
				this.#offset = frame.now - Date.now();
				return this.#follow(frame.call);
			}
			case 'signal': {
				const { call } = this;
				// From another call, another device, another time: dropped.
				if (this.over || frame.call !== this.#id || !call || frame.from !== this.#otherDevice(call)) return;
				return this.#media?.take(frame.signal);
			}
			case 'credentials':
				if (this.over || frame.call !== this.#id) return;
				this.#owed.delete('credentials');
				return void this.#equip(frame.media);
			case 'refused':
				if (frame.id === this.#id) this.#refused(frame);
		}
	}

	#follow(call: Call | null): void {
		const { me, device } = this.#options;
		if (!call) return;
		if (call.id !== this.#id) {
			// Both called at once: theirs became the call, and my ring was its answer.
			const joined =
				this.outgoing &&
				!this.call &&
				call.state === 'answered' &&
				call.callee === me &&
				call.calleeDevice === device;
			if (!joined) {
				if (this.call || this.over) this.#gone();
				return;
			}
			this.#owed.delete('ring');
			if (this.#owed.has('cancel')) this.#owed.set('cancel', { type: 'cancel', call: call.id });
			this.#id = call.id;
		}
		if (this.over && !isLive(call)) return this.#gone();
		this.call = call;
		this.#owed.delete('ring');

		switch (call.state) {
			case 'ringing':
				if (this.over || this.phase === 'connecting') return;
				this.phase = me === call.callee ? 'incoming' : call.alerted ? 'ringing' : 'calling';
				if (me === call.callee && !call.alerted && !this.#alerted) {
					this.#alerted = true;
					this.#options.line.send({ type: 'alert', call: call.id });
				}
				// The line may be down when the room ends it.
				return this.#after('ring', call.ringUntil - this.#offset - Date.now() + this.#times.patience, () =>
					this.#finish('missed'),
				);
			case 'answered':
				this.#clear('ring');
				if (deviceOf(call, me) !== device) {
					this.#owed.clear();
					return this.#finish('elsewhere');
				}
				this.#owed.delete('answer');
				if (call.ready) this.#owed.delete('ready');
				// I gave up at the moment in which they answered.
				if (this.over)
					return this.#owed.delete('cancel')
						? this.#owe({ type: 'hang_up', call: call.id, failed: false })
						: undefined;
				this.since ??= call.answeredAt - this.#offset;
				return this.#begin(call.ready);
			case 'ended':
				this.#owed.clear();
				return this.#finish(call.outcome);
		}
	}

	/** The room's call is not this one any more, or it is over. */
	#gone(): void {
		this.#owed.clear();
		if (!this.over) this.#finish('finished');
		this.#release();
	}

	#refused({ code, retryAfter = 0 }: RefusedCall): void {
		// The line's own limit, which is over soon; the room's limit for calls lasts longer.
		if (code === 'slow_down' && retryAfter < 3_000)
			return this.#after('again', retryAfter, () => this.#sayOwed());
		if (code === 'no_call' || code === 'not_yours') {
			if (this.over) return this.#gone();
			if (this.#owed.has('answer')) return this.#finish('missed');
		}
		if (!this.#owed.has('ring')) return;
		this.#owed.delete('ring');
		if (code === 'in_call' || code === 'slow_down') this.#finish(code);
		else this.#finish(code === 'ended' ? 'not_friends' : 'failed');
	}

	/** Answered: get what the media needs, and connect once both are ready. */
	#begin(ready: boolean): void {
		if (!this.#mediaAsked) {
			this.#mediaAsked = true;
			this.phase = 'connecting';
			this.#after('connect', this.#times.connect, () => this.#leave('unreachable'));
			this.#owe({ type: 'credentials', call: this.#id });
		}
		if (ready) void this.#connect();
	}

	async #equip(credentials: CallCredentials): Promise<void> {
		if (this.#media) return this.#media.renew(credentials);
		const { open = openCallMedia, relayOnly = false, line, me } = this.#options;
		const offering = this.call?.caller === me;
		let media: CallMedia;
		try {
			media = await open({
				credentials,
				offering,
				relayOnly,
				on: {
					remote: (stream) => (this.remote = stream),
					state: (state, failure) => this.#mediaState(state, failure),
					status: (status) => (this.theirs = status),
					// They may have said it over a line that is down; the room hears it from either.
					bye: () => this.#leave('finished'),
					signal: (signal) => {
						const to = this.call && this.#otherDevice(this.call);
						if (to && !this.over) line.send({ type: 'signal', call: this.#id, to, signal });
					},
					expiring: () => this.#owe({ type: 'credentials', call: this.#id }),
				},
			});
		} catch {
			return this.#leave('unsupported');
		}
		if (this.over || this.#media) return media.close();
		this.#media = media;
		await this.#sendTracks();
		this.#tell();
		if (this.over) return;
		if (!offering) this.#owe({ type: 'ready', call: this.#id });
		if (!offering || (this.call?.state === 'answered' && this.call.ready)) await this.#connect();
	}

	async #connect(): Promise<void> {
		if (!this.#media || this.#connecting || this.over) return;
		this.#connecting = true;
		await this.#media.connect();
	}

	#mediaState(state: 'connecting' | 'connected' | 'reconnecting' | 'failed', failure?: MediaFailure): void {
		if (this.over) return;
		if (state === 'failed') return this.#leave(failure ?? 'unreachable');
		if (state === 'connecting') return;
		this.phase = state;
		if (state === 'connected') {
			this.#clear('connect');
			this.#clear('reconnect');
			if (!this.#timers.has('stats')) this.#measure();
		} else {
			this.quality = null;
			this.#after('reconnect', this.#times.reconnect, () => this.#leave('lost'));
		}
	}

	#measure(): void {
		this.#after('stats', this.#times.stats, async () => {
			const stats = await this.#media?.stats().catch(() => null);
			if (stats && this.phase === 'connected') this.quality = qualityOf(stats);
			if (!this.over) this.#measure();
		});
	}

	/** Out of an answered call, saying so to the room. */
	#leave(ending: CallEnd): void {
		if (this.over) return;
		// "Failed" is a call in which the two never heard each other.
		const failed = ending !== 'finished' && this.phase === 'connecting';
		this.#quit({ type: 'hang_up', call: this.#id, failed }, ending);
	}

	/** Over here at once, whenever the room may hear of it. */
	#quit(frame: Extract<CallClientFrame, { type: Parting }>, ending: CallEnd): void {
		this.#owed.set(frame.type, frame);
		this.#finish(ending);
		this.#options.line.send(frame);
	}

	#finish(ending: CallEnd | 'elsewhere'): void {
		if (!this.over) {
			this.ending = ending === 'elsewhere' ? null : ending;
			this.phase = ending === 'elsewhere' ? 'elsewhere' : 'ended';
			for (const name of [...this.#timers.keys()]) this.#clear(name);
			for (const type of this.#owed.keys()) {
				if (type !== 'decline' && type !== 'cancel' && type !== 'hang_up') this.#owed.delete(type);
			}
			this.#media?.close();
			this.#media = null;
			this.#local.close();
			this.#awake.stop();
			this.remote = this.mine = null;
			this.screen = this.camera = false;
			this.quality = null;
			// Somebody whose line stays down is let go in the end: the room has deadlines of its own.
			if (this.#owed.size > 0) this.#after('release', 60_000, () => this.#release());
		}
		if (this.#owed.size === 0) this.#release();
	}

	#release(): void {
		if (this.#released) return;
		this.#released = true;
		this.#owed.clear();
		for (const name of [...this.#timers.keys()]) this.#clear(name);
		this.#deaf();
		this.#options.onreleased?.();
	}

	#owe(frame: Extract<CallClientFrame, { type: Owed }>): void {
		this.#owed.set(frame.type, frame);
		this.#options.line.send(frame);
	}

	#sayOwed(): void {
		for (const frame of this.#owed.values()) this.#options.line.send(frame);
	}

	#opened(): void {
		this.#sayOwed();
		const { call } = this;
		if (this.phase === 'incoming' && call?.state === 'ringing' && !call.alerted) {
			this.#options.line.send({ type: 'alert', call: call.id });
		}
		if (!this.over) this.#media?.recheck();
	}

	#otherDevice(call: Call): DeviceId | null {
		if (!isLive(call)) return null;
		return deviceOf(call, call.caller === this.#options.me ? call.callee : call.caller);
	}

	#tracked(slot: Slot | 'screen', track: MediaStreamTrack | null): void {
		if (slot === 'microphone' && track) track.enabled = this.microphone;
		if (slot === 'camera') this.camera = track !== null;
		if (slot === 'screen') this.screen = track !== null;
		// Working again: the sentence about it is old.
		if (track) this.problems = this.problems.filter((problem) => !problem.startsWith(slot));
		const picture = this.#local.picture;
		if (slot !== 'microphone') this.mine = picture ? new MediaStream([picture]) : null;
		void this.#sendTracks();
		this.#tell();
	}

	async #sendTracks(): Promise<void> {
		await this.#media?.send({ audio: this.#local.microphone, video: this.#local.picture }).catch(() => {});
	}

	#tell(): void {
		this.#media?.tell({
			microphone: this.microphone && this.#local.microphone !== null,
			camera: this.#local.camera !== null,
			screen: this.#local.screen !== null,
		});
	}

	async #listDevices(): Promise<void> {
		const devices = await this.#local.list();
		if (this.over) return;
		this.devices = devices;
		const current = (track: MediaStreamTrack | null) => track?.getSettings?.().deviceId;
		this.chosen = {
			microphone: current(this.#local.microphone) ?? this.chosen.microphone,
			camera: current(this.#local.camera) ?? this.chosen.camera,
			speaker: this.chosen.speaker || (devices.speakers[0]?.deviceId ?? ''),
		};
	}

	#after(name: string, ms: number, then: () => void): void {
		this.#clear(name);
		this.#timers.set(
			name,
			setTimeout(
				() => {
					this.#timers.delete(name);
					then();
				},
				Math.max(0, ms),
			),
		);
	}

	#clear(name: string): void {
		clearTimeout(this.#timers.get(name));
		this.#timers.delete(name);
	}
}
