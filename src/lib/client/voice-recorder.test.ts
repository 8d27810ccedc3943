import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VOICE_MAX_MS, VOICE_WARNING_MS } from '#lib/chat/media.ts';
import { FakeCapture, FakeContext, FakeEncoder, FakeStream } from './fake-recording.ts';
import * as drafts from './media/drafts.ts';
import { VoiceRecorder } from './voice-recorder.svelte.ts';

let stream: FakeStream;
/** What asking for the microphone comes to. */
let microphone: () => Promise<unknown>;
let recorder: VoiceRecorder;
let rooms = 0;

beforeEach(() => {
	stream = new FakeStream();
	microphone = async () => stream;
	vi.stubGlobal('AudioContext', FakeContext);
	vi.stubGlobal('AudioWorkletNode', FakeCapture);
	vi.stubGlobal('Worker', FakeEncoder);
	vi.stubGlobal('navigator', { mediaDevices: { getUserMedia: () => microphone() } });
	recorder = new VoiceRecorder('ana00000', `room-${++rooms}`);
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const encoder = () => FakeEncoder.last;

describe('recording', () => {
	it('goes from asking to a recording that can be listened to, and lets go of the microphone', async () => {
		const started = recorder.start();
		expect(recorder.state).toBe('asking');
		await started;
		expect(recorder.state).toBe('recording');
		encoder().hear(500, 0.2);
		encoder().hear(1_000, 0.8);
		expect(recorder).toMatchObject({ elapsed: 1_000, levels: [0.2, 0.8], left: null });
		await recorder.stop();
		expect(recorder).toMatchObject({ state: 'recorded', problem: null });
		expect(recorder.recording).toMatchObject({ duration: 1_000 });
		expect(stream.tracks[0]?.stopped).toBe(true);
		expect(FakeContext.last.state).toBe('closed');
		expect(encoder().terminated).toBe(true);
	});

	it('warns ten seconds before the longest that it may be, and ends there with all that was said', async () => {
		await recorder.start();
		encoder().hear(VOICE_MAX_MS - VOICE_WARNING_MS - 1);
		expect(recorder.left).toBeNull();
		encoder().hear(VOICE_MAX_MS - VOICE_WARNING_MS);
		expect(recorder.left).toBe(10);
		encoder().hear(VOICE_MAX_MS - 1_500);
		expect(recorder.left).toBe(2);
		expect(recorder.state).toBe('recording');
		encoder().hear(VOICE_MAX_MS);
		await vi.waitFor(() => expect(recorder.state).toBe('recorded'));
		expect(recorder).toMatchObject({ problem: null, left: null, elapsed: VOICE_MAX_MS });
		expect(recorder.recording?.duration).toBe(VOICE_MAX_MS);
	});

	it('that was discarded leaves nothing, wherever it was', async () => {
		const forgotten = () => drafts.leftBehind('ana00000', `room-${rooms}`);
		await recorder.start();
		encoder().hear(1_000);
		await recorder.discard();
		expect(recorder).toMatchObject({ state: 'idle', recording: null, elapsed: 0, levels: [] });
		expect(await forgotten()).toBeNull();

		let allow: (stream: FakeStream) => void = () => {};
		microphone = () => new Promise((done) => (allow = done));
		const asked = recorder.start();
		await recorder.discard();
		allow(stream);
		await asked;
		expect(recorder.state).toBe('idle');
		expect(stream.tracks[0]?.stopped).toBe(true);
		expect(await forgotten()).toBeNull();
	});
});

it('whoever discards while the browser asks, and begins anew, has one recording', async () => {
	const allow: (() => void)[] = [];
	const streams = [new FakeStream(), new FakeStream()];
	microphone = () => {
		const mine = streams[allow.length];
		return new Promise((done) => allow.push(() => done(mine)));
	};
	const first = recorder.start();
	const one = allow[0];
	await recorder.discard();
	const second = recorder.start();
	allow[1]?.();
	await second;
	expect(recorder.state).toBe('recording');
	const held = encoder();
	one?.();
	await first;
	expect(encoder()).toBe(held);
	expect(recorder.state).toBe('recording');
	held.hear(500);
	expect(recorder.elapsed).toBe(500);
	expect(streams.map(({ tracks }) => tracks[0]?.stopped)).toEqual([true, false]);
});

it('a page that goes while the browser asks leaves no microphone on', async () => {
	let allow: (stream: FakeStream) => void = () => {};
	microphone = () => new Promise((done) => (allow = done));
	const started = recorder.start();
	await recorder.close();
	allow(stream);
	await started;
	expect(recorder.state).toBe('idle');
	expect(stream.tracks[0]?.stopped).toBe(true);
});

describe('without a microphone', () => {
	it.each([
		['refused', 'NotAllowedError'],
		['missing', 'NotFoundError'],
		['busy', 'NotReadableError'],
	])('it is %s, and the next try may be better', async (problem, name) => {
		microphone = () => Promise.reject(new DOMException('no', name));
		await recorder.start();
		expect(recorder).toMatchObject({ state: 'idle', problem });
		microphone = async () => stream;
		await recorder.start();
		expect(recorder).toMatchObject({ state: 'recording', problem: null });
	});

	it('a page that may have none says so', async () => {
		vi.stubGlobal('navigator', {});
		await recorder.start();
		expect(recorder).toMatchObject({ state: 'idle', problem: 'unsupported' });
	});
});

describe('a microphone that is taken away', () => {
	it.each([
		['unplugged', () => stream.tracks[0]?.onended?.()],
		['taken by the system', () => FakeContext.last.interrupt()],
	])('%s ends the recording and keeps it', async (_, take) => {
		await recorder.start();
		encoder().hear(2_000);
		take();
		await vi.waitFor(() => expect(recorder.state).toBe('recorded'));
		expect(recorder).toMatchObject({ problem: 'taken_away' });
		expect(recorder.recording?.duration).toBe(2_000);
	});

	it('for a moment only is not: a telephone call is when it lasts', async () => {
		await recorder.start();
		vi.useFakeTimers();
		const [track] = stream.tracks;
		encoder().hear(1_000);
		track?.onmute?.();
		vi.advanceTimersByTime(1_000);
		track?.onunmute?.();
		vi.advanceTimersByTime(5_000);
		expect(recorder.state).toBe('recording');
		track?.onmute?.();
		await vi.advanceTimersByTimeAsync(2_000);
		expect(recorder).toMatchObject({ state: 'recorded', problem: 'taken_away' });
	});

	it('before anything was said leaves nothing but the reason', async () => {
		await recorder.start();
		stream.tracks[0]?.onended?.();
		await vi.waitFor(() => expect(recorder.state).toBe('idle'));
		expect(recorder).toMatchObject({ problem: 'taken_away', recording: null });
		expect(await drafts.leftBehind('ana00000', `room-${rooms}`)).toBeNull();
	});

	it('an encoder that fails leaves what it had kept', async () => {
		await recorder.start();
		const begin = encoder().told.find((message) => 'begin' in message);
		if (!begin || !('begin' in begin)) throw new Error('It was not begun.');
		const { draft } = begin.begin;
		await drafts.keep({ draft, n: 0, mp3: Uint8Array.of(1), levels: [0.5], duration: 500 });
		encoder().break();
		await vi.waitFor(() => expect(recorder.state).toBe('recorded'));
		expect(recorder).toMatchObject({ problem: 'failed' });
		expect(recorder.recording?.duration).toBe(500);
	});
});

describe('what an earlier page left behind', () => {
	it('comes back, and is gone when it is discarded', async () => {
		const room = `room-${rooms}`;
		await drafts.begin({ id: 'draft-1', person: 'ana00000', room, startedAt: 1 });
		await drafts.keep({ draft: 'draft-1', n: 0, mp3: Uint8Array.of(1), levels: [0.5], duration: 700 });
		const bobs = new VoiceRecorder('bob00000', room);
		await bobs.recover();
		expect(bobs.state).toBe('idle');
		await recorder.recover();
		expect(recorder).toMatchObject({ state: 'recorded', recovered: true, elapsed: 700 });
		await recorder.discard();
		await vi.waitFor(async () => expect(await drafts.leftBehind('ana00000', room)).toBeNull());
	});

	it('does not take the place of what is being recorded now', async () => {
		const room = `room-${rooms}`;
		await drafts.begin({ id: 'draft-2', person: 'ana00000', room, startedAt: 1 });
		await drafts.keep({ draft: 'draft-2', n: 0, mp3: Uint8Array.of(1), levels: [0.5], duration: 700 });
		const recovering = recorder.recover();
		await Promise.all([recorder.start(), recovering]);
		expect(recorder).toMatchObject({ state: 'recording', recovered: false });
	});
});
