import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ZegoCredentials } from '#lib/chat/call-frames.ts';
import { FakeStream, FakeTrack } from './fake-devices.ts';
import { failureOf } from './zego-sdk.ts';
import { ZegoMedia } from './zego.ts';

/** Stands for ZEGO's engine: everything asked of it is in `log`, and it says what the test wants. */
class FakeEngine {
	log: string[] = [];
	listeners = new Map<string, (...said: unknown[]) => void>();
	login: Promise<boolean> | Error = Promise.resolve(true);
	broken = new Set<string>();
	local = {
		startCaptureCustomAudio: async () => void this.log.push('microphone on'),
		stopCaptureAudio: async () => void this.log.push('microphone off'),
		startCaptureCustomVideo: async () => void this.log.push('picture on'),
		stopCaptureVideo: async () => void this.log.push('picture off'),
	};

	on(event: string, listener: (...said: unknown[]) => void) {
		this.listeners.set(event, listener);
		return true;
	}
	say(event: string, ...said: unknown[]) {
		this.listeners.get(event)!(...said);
	}
	#do(what: string) {
		this.log.push(what);
		if (this.broken.has(what.split(' ')[0]!)) throw new Error(what);
		return true;
	}
	setLogConfig(config: object) {
		this.#do(`log ${JSON.stringify(config)}`);
	}
	async loginRoom(room: string, token: string, user: object, options: object) {
		this.#do(`login ${room} ${token} ${JSON.stringify(user)} ${JSON.stringify(options)}`);
		if (this.login instanceof Error) throw this.login;
		return this.login;
	}
	async createZegoStream({ custom }: { custom: object }) {
		this.#do(`create ${Object.keys(custom).join('+')}`);
		return this.local;
	}
	startPublishingStream(stream: string, _: object, { videoCodec }: { videoCodec: string }) {
		return this.#do(`publish ${stream} ${videoCodec}`);
	}
	async updatePublishingStream(_: object, what: number) {
		this.#do(`update ${what}`);
	}
	async startPlayingStream(stream: string) {
		this.#do(`play ${stream}`);
		return theirs;
	}
	async setStreamExtraInfo(stream: string, info: string) {
		this.#do(`say ${stream} ${info}`);
	}
	renewToken(token: string, room: string) {
		return this.#do(`renew ${room} ${token}`);
	}
	stopPlayingStream(stream: string) {
		this.#do(`unplay ${stream}`);
	}
	stopPublishingStream(stream: string) {
		return this.#do(`unpublish ${stream}`);
	}
	destroyStream() {
		this.#do('destroy-stream');
	}
	logoutRoom(room: string) {
		this.#do(`logout ${room}`);
	}
	destroyEngine() {
		this.#do('destroy-engine');
	}
}

const theirs = new FakeStream() as unknown as MediaStream;
let engine: FakeEngine;
let load: () => Promise<FakeEngine>;
vi.mock('./zego-sdk.ts', async (original) => ({
	...(await original<typeof import('./zego-sdk.ts')>()),
	loadEngine: () => load(),
}));

const CREDENTIALS: ZegoCredentials = {
	by: 'zego',
	appId: 42,
	servers: ['wss://zego.example/ws'],
	room: 'call-0001',
	user: 'ana00001',
	stream: 'call-0001-ana00001',
	token: '04first',
};
const BOB = 'call-0001-bob00001';
const track = (kind: 'audio' | 'video') => new FakeTrack(kind) as unknown as MediaStreamTrack;

/** What the session was told, in order. */
let told: string[];
let media: ZegoMedia;

beforeEach(() => {
	vi.useFakeTimers();
	vi.stubGlobal('MediaStream', FakeStream);
	engine = new FakeEngine();
	load = async () => engine;
	told = [];
	media = new ZegoMedia(CREDENTIALS, {
		remote: (stream) => told.push(stream === theirs ? 'remote' : 'another stream'),
		state: (state, failure) => told.push([state, failure].filter(Boolean).join(' ')),
		status: (status) => told.push(JSON.stringify(status)),
		bye: () => told.push('bye'),
		signal: () => told.push('signal'),
		expiring: () => told.push('expiring'),
	});
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

async function connected() {
	await media.send({ audio: track('audio'), video: null });
	await media.connect();
	engine.say('roomStreamUpdate', 'call-0001', 'ADD', [{ streamID: BOB, extraInfo: '' }]);
	await settle();
	engine.say('playerStateUpdate', { streamID: BOB, state: 'PLAYING', errorCode: 0 });
	expect(told).toEqual(['remote', 'connected']);
	told.length = 0;
	engine.log.length = 0;
}

describe('a call through ZEGOCLOUD (K6)', () => {
	it('logs in, publishes one stream and plays the other', async () => {
		await media.send({ audio: track('audio'), video: track('video') });
		media.tell({ microphone: true, camera: true, screen: false });
		await media.connect();
		expect(engine.log).toEqual([
			'log {"logLevel":"disable","remoteLogLevel":"disable"}',
			'login call-0001 04first {"userID":"ana00001"} {"userUpdate":true,"maxMemberCount":2}',
			'create audio+video',
			'publish call-0001-ana00001 VP8',
			'say call-0001-ana00001 {"microphone":true,"camera":true,"screen":false}',
		]);
		engine.say('roomStreamUpdate', 'call-0001', 'ADD', [
			{ streamID: CREDENTIALS.stream, extraInfo: '' },
			{ streamID: BOB, extraInfo: '{"microphone":true,"camera":false,"screen":true}' },
		]);
		await settle();
		expect(engine.log.at(-1)).toBe(`play ${BOB}`);
		engine.say('playerStateUpdate', { streamID: BOB, state: 'PLAYING', errorCode: 0 });
		expect(told).toEqual(['{"microphone":true,"camera":false,"screen":true}', 'remote', 'connected']);
	});

	it('turns the camera on and off, and changes devices, in the stream that is published', async () => {
		await connected();
		const [first, second] = [track('audio'), track('audio')];
		await media.send({ audio: first, video: null });
		await media.send({ audio: first, video: track('video') });
		await media.send({ audio: second, video: null });
		await media.send({ audio: second, video: null });
		expect(engine.log).toEqual([
			...['microphone on', 'update 1'],
			...['picture on', 'update 0'],
			...['microphone on', 'update 1', 'picture off', 'update 0'],
		]);
	});

	it('says that it reconnects, and that it has', async () => {
		await connected();
		engine.say('roomStateChanged', 'call-0001', 'RECONNECTING', 0, '');
		engine.say('roomStateChanged', 'call-0001', 'RECONNECTED', 0, '');
		expect(told).toEqual(['reconnecting', 'connected']);
	});

	it('a stream that stops is asked for again, one that goes may come back', async () => {
		await connected();
		engine.say('playerStateUpdate', { streamID: BOB, state: 'NO_PLAY', errorCode: 1004020 });
		await vi.advanceTimersByTimeAsync(2_000);
		expect(engine.log).toEqual([`play ${BOB}`]);
		engine.say('roomStreamUpdate', 'call-0001', 'DELETE', [{ streamID: BOB, extraInfo: '' }]);
		engine.say('roomStreamUpdate', 'call-0001', 'ADD', [{ streamID: BOB, extraInfo: '' }]);
		await settle();
		engine.say('playerStateUpdate', { streamID: BOB, state: 'PLAYING', errorCode: 0 });
		expect(told).toEqual(['reconnecting', 'remote', 'remote', 'connected']);
	});

	it('gets another token before this one runs out', async () => {
		await connected();
		engine.say('tokenWillExpire', 'call-0001');
		expect(told).toEqual(['expiring']);
		media.renew({ ...CREDENTIALS, token: '04second' });
		expect(engine.log).toEqual(['renew call-0001 04second']);
	});

	it('leaves everything, though each step may fail, and tells nothing more', async () => {
		await connected();
		for (const step of ['unplay', 'unpublish', 'destroy-stream', 'logout']) engine.broken.add(step);
		media.close();
		media.close();
		expect(engine.log).toEqual([
			`unplay ${BOB}`,
			'unpublish call-0001-ana00001',
			'destroy-stream',
			'logout call-0001',
			'destroy-engine',
		]);
		engine.say('roomStateChanged', 'call-0001', 'KICKOUT', 0, '');
		await vi.advanceTimersByTimeAsync(60_000);
		expect(told).toEqual([]);
	});

	it('hung up while the SDK loads, it never logs in', async () => {
		const loading = Promise.withResolvers<FakeEngine>();
		load = () => loading.promise;
		const connecting = media.connect();
		media.close();
		loading.resolve(engine);
		await connecting;
		expect(engine.log).toEqual(['destroy-engine']);
	});
});

describe('what fails is said', () => {
	it.each([
		['an SDK that does not load', () => (load = async () => Promise.reject(new TypeError())), 'sdk_missing'],
		['a token that is not taken', () => (engine.login = error(1_102_016)), 'not_admitted'],
		['a service that is not there', () => (engine.login = error(1_000_002)), 'service_away'],
		['a log-in that comes to nothing', () => (engine.login = Promise.resolve(false)), 'service_away'],
	])('%s', async (_, arrange, failure) => {
		arrange();
		await media.connect();
		expect(told).toEqual([`failed ${failure}`]);
	});

	it('a service that never answers', async () => {
		engine.login = new Promise(() => {});
		void media.connect();
		await vi.advanceTimersByTimeAsync(15_000);
		expect(told).toEqual(['failed service_away']);
	});

	it.each([
		['LOGIN_FAILED', 1_002_078, 'not_admitted'],
		['RECONNECT_FAILED', 1_002_051, 'service_away'],
		['KICKOUT', 1_002_050, 'kicked_out'],
	])('%s in the middle', async (reason, code, failure) => {
		await connected();
		engine.say('roomStateChanged', 'call-0001', reason, code, '');
		engine.say('roomStateChanged', 'call-0001', 'RECONNECTED', 0, '');
		expect(told).toEqual([`failed ${failure}`]);
	});

	it.each([
		[{ code: 1_102_018 }, 'not_admitted'],
		[{ errorCode: 1, extendedData: 'token expired' }, 'not_admitted'],
		[{ code: 1_100_001, msg: 'network timeout' }, 'service_away'],
		[undefined, 'service_away'],
		['a text', 'service_away'],
	])('%j', (said, failure) => expect(failureOf(said)).toBe(failure));
});

function error(code: number): Error {
	return Object.assign(new Error('The engine says no.'), { code });
}
