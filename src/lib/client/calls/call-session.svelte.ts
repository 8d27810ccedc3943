import type { CallCredentials, CallFrame, CallServerFrame } from '#lib/chat/call-frames.ts';
import { deviceOf, isLive, type Call, type CallKind, type DeviceId } from '#lib/chat/call.ts';
import { OwedFrames, type Parting, type RefusedCall } from './call-line.ts';
import type { MediaFailure, MediaState } from './call-media.ts';
import {
	TIMES,
	type CallEnd,
	type CallPhase,
	type CallSessionOptions,
	type CallTimes,
} from './call-phase.ts';
import { OtherSide } from './other-side.svelte.ts';
import { OwnSide } from './own-side.svelte.ts';
import { StayAwake } from './stay-awake.ts';
import { Timers } from './timers.ts';

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

	readonly own: OwnSide;
	readonly other: OtherSide;

	readonly over = $derived(this.phase === 'ended' || this.phase === 'elsewhere');

	readonly #options: CallSessionOptions;
	readonly #times: CallTimes;
	readonly #timers = new Timers();
	readonly #owed: OwedFrames;
	readonly #awake = new StayAwake();
	readonly #deaf: () => void;
	#id: string;
	#revision = -1;
	/** The room's clock minus ours. */
	#offset = 0;
	#mediaAsked = false;
	#alerted = false;
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
		this.#owed = new OwedFrames(options.line);
		this.own = new OwnSide({ ...options, onchanged: () => this.#sendOwn() });
		this.other = new OtherSide({
			open: options.open,
			relayOnly: options.relayOnly ?? false,
			statsEvery: this.#times.stats,
			timers: this.#timers,
			on: {
				state: (state, failure) => this.#mediaState(state, failure),
				// They may have said it over a line that is down; the room hears it from either.
				bye: () => this.#leave('finished'),
				signal: (signal) => {
					const to = this.call && this.#otherDevice(this.call);
					if (to && !this.over) options.line.send({ type: 'signal', call: this.#id, to, signal });
				},
				expiring: () => this.#owed.owe({ type: 'credentials', call: this.#id }),
			},
		});
		this.#deaf = options.line.listen({
			frame: (frame) => this.#take(frame),
			open: () => this.#opened(),
			closed: (because) => {
				this.#owed.clear();
				this.#finish(because === 'ended' ? 'not_friends' : 'shut_out');
				this.#release();
			},
		});
	}

	/** @param camera show myself; a video call may be answered without */
	async answer(camera: boolean): Promise<void> {
		if (this.phase !== 'incoming') return;
		this.#timers.clear('ring');
		this.phase = 'connecting';
		// First of all, so that it stops ringing everywhere.
		this.#owed.owe({ type: 'answer', call: this.#id });
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
			new Promise((resolve) => this.#timers.after('ask', this.#times.ask, () => resolve(null))),
		]);
		this.#timers.clear('ask');
		if (this.phase !== 'calling' || this.call) return;
		// Whoever is off line is not kept waiting for ever; what was never heard needs no taking back.
		this.#timers.after('ring', this.#times.unheard, () => {
			this.#owed.clear();
			this.#finish('offline');
		});
		this.#owed.owe({ type: 'ring', call: this.#id, kind: this.kind });
	}

	async #openDevices(camera: boolean): Promise<void> {
		this.#awake.start();
		await this.own.open(camera);
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
				return this.other.take(frame.signal);
			}
			case 'credentials':
				if (this.over || frame.call !== this.#id) return;
				this.#owed.heard('credentials');
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
			this.#owed.heard('ring');
			if (this.#owed.has('cancel')) this.#owed.note({ type: 'cancel', call: call.id });
			this.#id = call.id;
		}
		if (this.over && !isLive(call)) return this.#gone();
		this.call = call;
		this.#owed.heard('ring');

		switch (call.state) {
			case 'ringing':
				if (this.over || this.phase === 'connecting') return;
				this.phase = me === call.callee ? 'incoming' : call.alerted ? 'ringing' : 'calling';
				if (me === call.callee && !call.alerted && !this.#alerted) {
					this.#alerted = true;
					this.#options.line.send({ type: 'alert', call: call.id });
				}
				// The line may be down when the room ends it.
				return this.#timers.after(
					'ring',
					call.ringUntil - this.#offset - Date.now() + this.#times.patience,
					() => this.#finish('missed'),
				);
			case 'answered':
				this.#timers.clear('ring');
				if (deviceOf(call, me) !== device) {
					this.#owed.clear();
					return this.#finish('elsewhere');
				}
				this.#owed.heard('answer');
				if (call.ready) this.#owed.heard('ready');
				// I gave up at the moment in which they answered.
				if (this.over)
					return this.#owed.heard('cancel')
						? this.#owed.owe({ type: 'hang_up', call: call.id, failed: false })
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
			return this.#timers.after('again', retryAfter, () => this.#owed.sayAgain());
		if (code === 'no_call' || code === 'not_yours') {
			if (this.over) return this.#gone();
			if (this.#owed.has('answer')) return this.#finish('missed');
		}
		if (!this.#owed.has('ring')) return;
		this.#owed.heard('ring');
		if (code === 'in_call' || code === 'slow_down') this.#finish(code);
		else this.#finish(code === 'ended' ? 'not_friends' : 'failed');
	}

	/** Answered: get what the media needs, and connect once both are ready. */
	#begin(ready: boolean): void {
		if (!this.#mediaAsked) {
			this.#mediaAsked = true;
			this.phase = 'connecting';
			this.#timers.after('connect', this.#times.connect, () => this.#leave('unreachable'));
			this.#owed.owe({ type: 'credentials', call: this.#id });
		}
		if (ready) void this.other.connect();
	}

	async #equip(credentials: CallCredentials): Promise<void> {
		const offering = this.call?.caller === this.#options.me;
		let made: boolean;
		try {
			made = await this.other.equip(credentials, offering);
		} catch (error) {
			// A script that does not come is a TypeError; what this browser has no name for is none.
			return this.#leave(error instanceof TypeError ? 'sdk_missing' : 'unsupported');
		}
		if (!made) return;
		await this.#sendOwn();
		if (this.over) return;
		if (!offering) this.#owed.owe({ type: 'ready', call: this.#id });
		if (!offering || (this.call?.state === 'answered' && this.call.ready)) await this.other.connect();
	}

	async #sendOwn(): Promise<void> {
		const sent = this.other.send(this.own.tracks);
		this.other.tell(this.own.status);
		await sent;
	}

	#mediaState(state: MediaState, failure?: MediaFailure): void {
		if (this.over) return;
		if (state === 'failed') return this.#leave(failure ?? 'unreachable');
		if (state === 'connecting') return;
		this.phase = state;
		if (state === 'connected') {
			this.#timers.clear('connect');
			this.#timers.clear('reconnect');
			this.other.measure();
		} else {
			this.other.stopMeasuring();
			this.#timers.after('reconnect', this.#times.reconnect, () => this.#leave('lost'));
		}
	}

	/** Out of an answered call, saying so to the room. */
	#leave(ending: CallEnd): void {
		if (this.over) return;
		// "Failed" is a call in which the two never heard each other.
		const failed = ending !== 'finished' && this.phase === 'connecting';
		this.#quit({ type: 'hang_up', call: this.#id, failed }, ending);
	}

	/** Over here at once, whenever the room may hear of it. */
	#quit(frame: Parting, ending: CallEnd): void {
		this.#owed.note(frame);
		this.#finish(ending);
		this.#options.line.send(frame);
	}

	#finish(ending: CallEnd | 'elsewhere'): void {
		if (!this.over) {
			this.ending = ending === 'elsewhere' ? null : ending;
			this.phase = ending === 'elsewhere' ? 'elsewhere' : 'ended';
			this.#timers.clearAll();
			this.#owed.keepPartings();
			this.other.close();
			this.own.close();
			this.#awake.stop();
			// Somebody whose line stays down is let go in the end: the room has deadlines of its own.
			if (!this.#owed.none) this.#timers.after('release', 60_000, () => this.#release());
		}
		if (this.#owed.none) this.#release();
	}

	#release(): void {
		if (this.#released) return;
		this.#released = true;
		this.#owed.clear();
		this.#timers.clearAll();
		this.#deaf();
		this.#options.onreleased?.();
	}

	#opened(): void {
		this.#owed.sayAgain();
		const { call } = this;
		if (this.phase === 'incoming' && call?.state === 'ringing' && !call.alerted) {
			this.#options.line.send({ type: 'alert', call: call.id });
		}
		if (!this.over) this.other.recheck();
	}

	#otherDevice(call: Call): DeviceId | null {
		if (!isLive(call)) return null;
		return deviceOf(call, call.caller === this.#options.me ? call.callee : call.caller);
	}
}
