import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CallClientFrame, CallServerFrame } from '#lib/chat/call-frames.ts';
import {
	CALL_TERMS,
	NO_CALL,
	deviceOf,
	isLive,
	type CallEvent,
	type CallKind,
	type EndedCall,
	type RoomCall,
} from '#lib/chat/call.ts';
import { step } from '#lib/chat/call-step.ts';
import type { CallMedia, MediaWiring } from './call-media.ts';
import type { CallLine, RefusedCall } from './call-line.ts';
import { CallSession } from './call-session.svelte.ts';
import { FakeDevices, FakeStream } from './fake-devices.ts';

const ana = 'ana00001';
const bob = 'bob00001';
type Frame = CallServerFrame | RefusedCall;

/** The room as the pure state machine, with lines to tabs that may be down. */
class Room {
	state: RoomCall = NO_CALL;
	tabs: Tab[] = [];
	credentials = 0;
	#outbox: (() => void)[] = [];
	#delivering = false;

	/** One frame after another, as sockets do, but at once. */
	deliver(tab: Tab | undefined, frame: Frame) {
		this.#outbox.push(() => tab?.hear(frame));
		if (this.#delivering) return;
		this.#delivering = true;
		for (let next; (next = this.#outbox.shift());) next();
		this.#delivering = false;
	}

	apply(event: CallEvent, from?: Tab) {
		const result = step(this.state, event, Date.now());
		this.state = result.room;
		for (const effect of result.effects) {
			if (effect.do === 'announce') {
				const { call, revision } = effect;
				for (const tab of this.tabs) this.deliver(tab, { type: 'call', revision, now: Date.now(), call });
			} else if (effect.do === 'relay') {
				const to = this.tabs.find((tab) => tab.device === effect.device);
				this.deliver(to, {
					type: 'signal',
					call: effect.call,
					from: effect.from,
					signal: effect.signal as never,
				});
			} else if (effect.do === 'credentials') {
				this.credentials++;
				const media = { by: 'peer' as const, iceServers: [], relayOnly: false };
				this.deliver(from, { type: 'credentials', call: effect.call, media });
			}
		}
		if (result.ok) return;
		const { code, retryAfter } = result;
		this.deliver(from, { type: 'refused', code, retryAfter, id: 'call' in event ? event.call : undefined });
	}

	say(tab: Tab, frame: CallClientFrame) {
		const from = { who: tab.person, device: tab.device };
		if (frame.type === 'ring') {
			const callee = tab.person === ana ? bob : ana;
			const present = this.tabs.filter((each) => each.up).map((each) => each.device);
			return this.apply({ ...frame, ...from, callee, used: false, present }, tab);
		}
		this.apply({ ...frame, ...from } as CallEvent, tab);
	}

	/** The alarm, when it is due. */
	async pass(ms: number) {
		const until = Date.now() + ms;
		while (this.state.deadline !== null && this.state.deadline <= until) {
			await vi.advanceTimersByTimeAsync(Math.max(0, this.state.deadline - Date.now()));
			const { call } = this.state;
			const heard = this.tabs.some(
				(tab) => tab.up && isLive(call) && deviceOf(call, tab.person) === tab.device,
			);
			this.apply({ type: 'deadline', heard: heard ? Date.now() : null });
		}
		await vi.advanceTimersByTimeAsync(until - Date.now());
	}
}

/** One tab: a line to the room, devices, and at most one session. */
class Tab implements CallLine {
	up = true;
	said: CallClientFrame['type'][] = [];
	session: CallSession | null = null;
	released = 0;
	devices = new FakeDevices();
	medias: FakeMedia[] = [];
	#listeners = new Set<Parameters<CallLine['listen']>[0]>();
	readonly room: Room;
	readonly person: string;
	readonly device: string;

	constructor(room: Room, person: string, device: string) {
		this.room = room;
		this.person = person;
		this.device = device;
		room.tabs.push(this);
	}

	send(frame: CallClientFrame) {
		if (!this.up) return;
		this.said.push(frame.type);
		this.room.say(this, frame);
	}
	listen(listener: Parameters<CallLine['listen']>[0]) {
		this.#listeners.add(listener);
		return () => void this.#listeners.delete(listener);
	}
	hear(frame: Frame) {
		if (!this.up) return;
		if (!this.session && frame.type === 'call') this.session = CallSession.incoming(frame, this.options);
		for (const listener of [...this.#listeners]) listener.frame(frame);
	}
	drop() {
		this.up = false;
	}
	/** The server has closed the line for good. */
	shut(because: 'ended' | 'other') {
		this.up = false;
		for (const listener of [...this.#listeners]) listener.closed(because);
	}
	comeBack() {
		this.up = true;
		const { call, revision } = this.room.state;
		this.hear({ type: 'call', revision, now: Date.now(), call });
		for (const listener of [...this.#listeners]) listener.open();
	}

	get options() {
		return {
			me: this.person,
			device: this.device,
			line: this,
			devices: this.devices.asMediaDevices,
			onreleased: () => void this.released++,
			open: async (wiring: MediaWiring) => {
				const media = new FakeMedia(wiring);
				this.medias.push(media);
				return media;
			},
		};
	}
	ring(kind: CallKind) {
		return (this.session = CallSession.ring(kind, this.options));
	}
	get media() {
		return this.medias.at(-1)!;
	}
}

/** Says hello to the other side by a signal and is connected when it is greeted back. */
class FakeMedia implements CallMedia {
	log: string[] = [];
	tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null };
	readonly wiring: MediaWiring;
	constructor(wiring: MediaWiring) {
		this.wiring = wiring;
	}
	async connect() {
		this.log.push('connect');
		if (this.wiring.offering) this.wiring.on.signal({ is: 'description', type: 'offer', sdp: 'hello' });
	}
	async send(tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null }) {
		this.tracks = tracks;
	}
	tell(status: object) {
		this.log.push(`tell ${JSON.stringify(status)}`);
	}
	take(signal: Parameters<CallMedia['take']>[0]) {
		if (signal.is !== 'description') return;
		if (signal.type === 'offer') this.wiring.on.signal({ is: 'description', type: 'answer', sdp: 'hello' });
		this.wiring.on.state('connected');
	}
	renew() {
		this.log.push('renew');
	}
	recheck() {
		this.log.push('recheck');
	}
	async stats() {
		return { roundTrip: 400, loss: 0, bytesReceived: 0, bytesSent: 0, framesDecoded: 0, relayed: null };
	}
	close() {
		this.log.push('close');
	}
}

let room: Room;
let anaPhone: Tab, anaLaptop: Tab, bobPhone: Tab, bobLaptop: Tab;

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('MediaStream', FakeStream);
	room = new Room();
	anaPhone = new Tab(room, ana, 'ana-phone');
	anaLaptop = new Tab(room, ana, 'ana-laptop');
	bobPhone = new Tab(room, bob, 'bob-phone');
	bobLaptop = new Tab(room, bob, 'bob-laptop');
});
afterEach(() => {
	vi.restoreAllMocks();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const outcome = () => (room.state.call as EndedCall).outcome;
const phases = () => [anaPhone, anaLaptop, bobPhone, bobLaptop].map((tab) => tab.session?.phase ?? '-');

async function ringing(kind: CallKind = 'video') {
	anaPhone.ring(kind);
	await settle();
}
async function connected(kind: CallKind = 'video') {
	await ringing(kind);
	await bobPhone.session!.answer(kind === 'video');
	await settle();
	expect([anaPhone.session!.phase, bobPhone.session!.phase]).toEqual(['connected', 'connected']);
}

describe('a call', () => {
	it('rings on every device of the callee, and the caller hears that it does (K2)', async () => {
		await ringing();
		expect(phases()).toEqual(['ringing', '-', 'incoming', 'incoming']);
		expect(bobPhone.session!.kind).toBe('video');
		// nothing of the callee is switched on before the answer
		expect(bobPhone.devices.asked).toEqual([]);
	});

	it('is answered by the first device, and the others hear so (K2)', async () => {
		await ringing();
		await bobPhone.session!.answer(true);
		await settle();
		expect(phases()).toEqual(['connected', '-', 'connected', 'elsewhere']);
		expect(bobLaptop.released).toBe(1);
		expect(anaPhone.session!.since).toBe(bobPhone.session!.since);
	});

	it('makes no offer before the answering device is ready (K2b)', async () => {
		await connected();
		expect(bobPhone.said).toEqual(['alert', 'answer', 'credentials', 'ready', 'signal']);
		expect(anaPhone.said).toEqual(['ring', 'credentials', 'signal']);
		expect(anaPhone.media.wiring.offering).toBe(true);
		expect(bobPhone.media.wiring.offering).toBe(false);
	});

	it('ends for both when one hangs up, with every light off at once', async () => {
		await connected();
		expect(anaPhone.devices.live).toHaveLength(2);
		await vi.advanceTimersByTimeAsync(5_000);
		bobPhone.session!.hangUp();
		expect(bobPhone.devices.live).toEqual([]);
		expect(anaPhone.devices.live).toEqual([]);
		expect(phases()).toEqual(['ended', '-', 'ended', 'elsewhere']);
		expect(room.state.call).toMatchObject({ outcome: 'finished', duration: 5_000 });
		expect([anaPhone.released, bobPhone.released]).toEqual([1, 1]);
		expect(anaPhone.media.log.at(-1)).toBe('close');
	});

	it.each([
		['declined', () => bobLaptop.session!.hangUp(), 'declined'],
		['cancelled', () => anaPhone.session!.hangUp(), 'cancelled'],
		['missed', () => room.pass(45_000), 'missed'],
		['busy', () => bobPhone.session!.sayBusy(), 'busy'],
	])('that is %s stops everywhere', async (_, act, as) => {
		await ringing();
		await act();
		expect(outcome()).toBe(as);
		expect(phases()).toEqual(['ended', '-', 'ended', 'ended']);
		expect(anaPhone.session!.ending).toBe(as);
		expect(anaPhone.devices.live).toEqual([]);
		expect([anaPhone, bobPhone, bobLaptop].map((tab) => tab.released)).toEqual([1, 1, 1]);
	});

	it('by both at once is one call (K3)', async () => {
		// both press the button before either ring has arrived
		anaPhone.up = bobPhone.up = false;
		anaPhone.ring('voice');
		bobPhone.ring('video');
		await settle();
		anaPhone.comeBack();
		bobPhone.comeBack();
		await settle();
		expect(phases()).toEqual(['connected', '-', 'connected', 'elsewhere']);
		expect(room.state.call).toMatchObject({ state: 'answered', caller: ana, kind: 'voice' });
		// the one who asked for a voice call shows no camera
		expect(anaPhone.session!.own.camera).toBe(false);
		expect(anaPhone.devices.live.map((track) => track.kind)).toEqual(['audio']);
	});

	it('answered without a camera shows none', async () => {
		await ringing('video');
		await bobPhone.session!.answer(false);
		expect(bobPhone.devices.live.map((track) => track.kind)).toEqual(['audio']);
		await bobPhone.session!.own.setCamera(true);
		expect(bobPhone.media.tracks.video).not.toBeNull();
		await bobPhone.session!.own.setCamera(false);
		expect(bobPhone.media.tracks.video).toBeNull();
		expect(bobPhone.devices.live.map((track) => track.kind)).toEqual(['audio']);
	});
});

describe('when the line breaks', () => {
	it('the call goes on, and what was wished meanwhile is said when it is back (K4)', async () => {
		await connected();
		bobPhone.drop();
		await room.pass(20_000);
		expect(bobPhone.session!.phase).toBe('connected');
		bobPhone.comeBack();
		expect(bobPhone.media.log.at(-1)).toBe('recheck');
		bobPhone.drop();
		bobPhone.session!.hangUp();
		expect(bobPhone.devices.live).toEqual([]);
		expect(anaPhone.session!.phase).toBe('connected');
		bobPhone.comeBack();
		expect(anaPhone.session!.phase).toBe('ended');
		expect(bobPhone.released).toBe(1);
	});

	it('a ring is repeated until the room has it, and rings once', async () => {
		anaPhone.drop();
		await ringing();
		expect(room.state.call).toBeNull();
		anaPhone.comeBack();
		expect(phases()).toEqual(['ringing', '-', 'incoming', 'incoming']);
		anaPhone.drop();
		anaPhone.comeBack();
		expect(room.state.revision).toBe(2);
	});

	it('an answer is repeated', async () => {
		await ringing();
		bobPhone.drop();
		await bobPhone.session!.answer(true);
		expect(room.state.call?.state).toBe('ringing');
		bobPhone.comeBack();
		await settle();
		expect(bobPhone.session!.phase).toBe('connected');
	});

	it('an answer that comes too late ends as missed, with the lights off', async () => {
		await ringing();
		bobPhone.drop();
		await bobPhone.session!.answer(true);
		await room.pass(45_000);
		bobPhone.comeBack();
		expect(bobPhone.session!).toMatchObject({ phase: 'ended', ending: 'missed' });
		expect(bobPhone.devices.live).toEqual([]);
		expect(bobPhone.released).toBe(1);
	});

	it('a device that cannot hear the end stops ringing by itself (K2)', async () => {
		await ringing();
		bobPhone.drop();
		anaPhone.session!.hangUp();
		expect(bobPhone.session!.phase).toBe('incoming');
		await room.pass(CALL_TERMS.ringFor + 3_000);
		expect(bobPhone.session!).toMatchObject({ phase: 'ended', ending: 'missed' });
	});

	it('both gone: the room ends it after 30 s, and they hear so when they are back (K4)', async () => {
		await connected();
		anaPhone.drop();
		bobPhone.drop();
		await room.pass(30_000);
		expect(outcome()).toBe('finished');
		anaPhone.comeBack();
		bobPhone.comeBack();
		expect(phases()).toEqual(['ended', '-', 'ended', 'elsewhere']);
	});

	it('a cancel that crosses the answer hangs up', async () => {
		await ringing();
		anaPhone.drop();
		anaPhone.session!.hangUp();
		await bobPhone.session!.answer(true);
		expect(room.state.call?.state).toBe('answered');
		anaPhone.comeBack();
		expect(outcome()).toBe('finished');
		expect(bobPhone.session!.phase).toBe('ended');
		expect(anaPhone.released).toBe(1);
	});

	it('a cancelled ring that the room never heard of is not rung', async () => {
		anaPhone.drop();
		await ringing();
		anaPhone.session!.hangUp();
		anaPhone.comeBack();
		expect(room.state.call).toBeNull();
		expect(phases()).toEqual(['ended', '-', '-', '-']);
		expect(anaPhone.released).toBe(1);
	});

	it('a good-bye over the media ends it on a side whose line is down', async () => {
		await connected();
		anaPhone.drop();
		anaPhone.media.wiring.on.bye();
		expect(anaPhone.session!.phase).toBe('ended');
		anaPhone.comeBack();
		expect(outcome()).toBe('finished');
	});

	it('a call that the room cannot be told of is given up, and is not rung later', async () => {
		anaPhone.drop();
		await ringing();
		await vi.advanceTimersByTimeAsync(20_000);
		expect(anaPhone.session!).toMatchObject({ phase: 'ended', ending: 'offline' });
		expect(anaPhone.devices.live).toEqual([]);
		anaPhone.comeBack();
		expect(room.state.call).toBeNull();
	});

	it.each([
		['whose session was revoked', 'other', 'shut_out'],
		['who is no friend any more', 'ended', 'not_friends'],
	] as const)('a person %s is out of the call, with every light off (D4)', async (_, because, ending) => {
		await connected();
		bobPhone.shut(because);
		expect(bobPhone.session!).toMatchObject({ phase: 'ended', ending });
		expect(bobPhone.devices.live).toEqual([]);
		expect(bobPhone.media.log.at(-1)).toBe('close');
		expect(bobPhone.released).toBe(1);
	});

	it('somebody whose line stays down is let go', async () => {
		await ringing();
		anaPhone.drop();
		anaPhone.session!.hangUp();
		expect(anaPhone.released).toBe(0);
		await vi.advanceTimersByTimeAsync(60_000);
		expect(anaPhone.released).toBe(1);
	});
});

describe('media', () => {
	it('that does not come about in time fails the call', async () => {
		await ringing();
		vi.spyOn(FakeMedia.prototype, 'take').mockImplementation(() => {});
		await bobPhone.session!.answer(true);
		await room.pass(30_000);
		expect(outcome()).toBe('failed');
		expect(phases()).toEqual(['ended', '-', 'ended', 'elsewhere']);
		expect([anaPhone.session!.ending, bobPhone.session!.ending].sort()).toEqual(['failed', 'unreachable']);
	});

	it('that is lost says so, comes back, or is given up after a while', async () => {
		await connected();
		anaPhone.media.wiring.on.state('reconnecting');
		expect(anaPhone.session!.phase).toBe('reconnecting');
		await room.pass(20_000);
		anaPhone.media.wiring.on.state('connected');
		await room.pass(60_000);
		expect(anaPhone.session!.phase).toBe('connected');
		anaPhone.media.wiring.on.state('reconnecting');
		await room.pass(45_000);
		expect(anaPhone.session!).toMatchObject({ phase: 'ended', ending: 'lost' });
		expect(outcome()).toBe('finished');
	});

	it('that fails for good ends the call with its reason', async () => {
		await connected();
		bobPhone.media.wiring.on.state('failed', 'kicked_out');
		expect(bobPhone.session!.ending).toBe('kicked_out');
		expect(anaPhone.session!.phase).toBe('ended');
	});

	it.each([
		['that this browser does not have', new ReferenceError('RTCPeerConnection'), 'unsupported'],
		['whose script does not come', new TypeError('Failed to fetch'), 'sdk_missing'],
	])('%s ends the call with its reason', async (_, error, ending) => {
		await ringing();
		const odd = new Tab(room, bob, 'bob-old-tv');
		odd.session = CallSession.incoming(
			{ type: 'call', revision: room.state.revision, now: Date.now(), call: room.state.call },
			{ ...odd.options, open: async () => Promise.reject(error) },
		);
		await odd.session!.answer(false);
		await settle();
		expect(odd.session!.ending).toBe(ending);
		expect(odd.devices.live).toEqual([]);
		expect(outcome()).toBe('failed');
	});

	it('gets fresh credentials before the old ones run out', async () => {
		await connected();
		const before = room.credentials;
		anaPhone.media.wiring.on.expiring();
		await settle();
		expect(room.credentials).toBe(before + 1);
		expect(anaPhone.media.log).toContain('renew');
	});

	it('takes no signal of another device or another call', async () => {
		await connected();
		const take = vi.spyOn(bobPhone.media, 'take');
		const signal = { is: 'again' as const };
		const call = room.state.call!.id;
		bobPhone.hear({ type: 'signal', call, from: 'ana-laptop', signal });
		bobPhone.hear({ type: 'signal', call: 'another-call', from: 'ana-phone', signal });
		expect(take).not.toHaveBeenCalled();
		bobPhone.hear({ type: 'signal', call, from: 'ana-phone', signal });
		expect(take).toHaveBeenCalledOnce();
	});

	it('says how good the connection is', async () => {
		await connected();
		await vi.advanceTimersByTimeAsync(3_000);
		expect(anaPhone.session!.other.quality).toBe('fair');
	});
});

describe('devices', () => {
	it('a refused microphone is said, and the call goes on (K4)', async () => {
		bobPhone.devices.broken.microphone = 'NotAllowedError';
		await connected('voice');
		expect(bobPhone.session!.own.problems).toEqual(['microphone_refused']);
		expect(bobPhone.media.log).toContain('tell {"microphone":false,"camera":false,"screen":false}');
		bobPhone.devices.broken = {};
		await bobPhone.session!.own.setMicrophone(true);
		expect(bobPhone.session!.own.problems).toEqual([]);
		expect(bobPhone.media.tracks.audio).not.toBeNull();
	});

	it('a camera that does not open is off, also on the screen, and may be tried again', async () => {
		bobPhone.devices.broken.camera = 'NotReadableError';
		await connected('video');
		expect(bobPhone.session!.own).toMatchObject({ camera: false, problems: ['camera_busy'] });
		await bobPhone.session!.own.setCamera(true);
		expect(bobPhone.session!.own.camera).toBe(false);
		bobPhone.devices.broken = {};
		await bobPhone.session!.own.setCamera(true);
		expect(bobPhone.session!.own).toMatchObject({ camera: true, problems: [] });
	});

	it('a person who does not decide about the microphone still calls', async () => {
		anaPhone.devices.gate = new Promise(() => {});
		await ringing('voice');
		expect(room.state.call).toBeNull();
		await vi.advanceTimersByTimeAsync(4_000);
		expect(bobPhone.session!.phase).toBe('incoming');
	});

	it('mute keeps the track, stays over a change of device, and is told', async () => {
		await connected('voice');
		await anaPhone.session!.own.setMicrophone(false);
		expect(anaPhone.media.tracks.audio?.enabled).toBe(false);
		await anaPhone.session!.own.choose('microphone', 'mic-2');
		expect(anaPhone.media.tracks.audio?.getSettings().deviceId).toBe('mic-2');
		expect(anaPhone.media.tracks.audio?.enabled).toBe(false);
		expect(anaPhone.session!.own.chosen.microphone).toBe('mic-2');
		expect(anaPhone.media.log.at(-1)).toBe('tell {"microphone":false,"camera":false,"screen":false}');
	});

	it('a shared screen takes the camera’s place and gives it back', async () => {
		await connected('video');
		const camera = anaPhone.media.tracks.video;
		await anaPhone.session!.own.setScreen(true);
		expect(anaPhone.session!.own.screen).toBe(true);
		expect(anaPhone.media.tracks.video).not.toBe(camera);
		await anaPhone.session!.own.setScreen(false);
		expect(anaPhone.media.tracks.video).toBe(camera);
	});
});

describe('what the room refuses', () => {
	it('a call while one is on', async () => {
		await connected();
		anaLaptop.ring('voice');
		await settle();
		expect(anaLaptop.session!).toMatchObject({ phase: 'ended', ending: 'in_call' });
		expect(anaLaptop.devices.live).toEqual([]);
		expect(anaPhone.session!.phase).toBe('connected');
	});

	it('too many calls', async () => {
		for (let i = 0; i < CALL_TERMS.rings; i++) {
			bobPhone.session = bobLaptop.session = null;
			await ringing();
			anaPhone.session!.hangUp();
		}
		await ringing();
		expect(anaPhone.session!.ending).toBe('slow_down');
	});

	it('a call to somebody who is no friend any more', async () => {
		vi.spyOn(room, 'say').mockImplementation((tab, frame) => {
			tab.hear({ type: 'refused', code: 'ended', id: 'call' in frame ? frame.call : undefined });
		});
		await ringing();
		expect(anaPhone.session!).toMatchObject({ phase: 'ended', ending: 'not_friends' });
	});
});
