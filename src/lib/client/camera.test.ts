import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CLIP_MAX_MS } from '#lib/chat/media.ts';
import { Camera } from './camera.svelte.ts';
import { FakeStream, FakeTrack } from './fake-recording.ts';

/** Records a byte whenever it is stopped. */
class FakeMediaRecorder {
	static last: FakeMediaRecorder;
	static isTypeSupported = (type: string) => type === 'video/webm;codecs=vp8,opus';
	state = 'inactive';
	ondataavailable: ((event: { data: Blob }) => void) | null = null;
	onstop: (() => void) | null = null;
	readonly stream: FakeStream;
	readonly mimeType: string;
	constructor(stream: FakeStream, { mimeType = '' }: MediaRecorderOptions) {
		FakeMediaRecorder.last = this;
		this.stream = stream;
		this.mimeType = mimeType;
	}
	start() {
		this.state = 'recording';
	}
	stop() {
		this.state = 'inactive';
		this.ondataavailable?.({ data: new Blob(['x']) });
		this.onstop?.();
	}
}

let asked: MediaStreamConstraints[];
let opened: FakeStream[];
/** Why a microphone or a camera is not given. */
let broken: { audio?: string; video?: string };
let cameras: string[];
let camera: Camera;

beforeEach(() => {
	vi.useFakeTimers();
	[asked, opened, broken, cameras] = [[], [], {}, ['front', 'back']];
	vi.stubGlobal('MediaRecorder', FakeMediaRecorder);
	vi.stubGlobal('MediaStream', FakeStream);
	vi.stubGlobal('navigator', {
		mediaDevices: {
			getUserMedia: async (wish: MediaStreamConstraints) => {
				asked.push(wish);
				const why = wish.video ? broken.video : broken.audio;
				if (why) throw new DOMException('no', why);
				const stream = new FakeStream([new FakeTrack()]);
				opened.push(stream);
				return stream;
			},
			enumerateDevices: async () => cameras.map((deviceId) => ({ kind: 'videoinput', deviceId })),
		},
	});
	camera = new Camera();
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

const lights = () => opened.flatMap(({ tracks }) => tracks).filter(({ stopped }) => !stopped).length;

describe('the camera', () => {
	it('is live, knows of others, and goes off with its light', async () => {
		await camera.start();
		expect(camera).toMatchObject({ state: 'live', several: true, problem: null });
		expect(lights()).toBe(1);
		camera.close();
		expect(camera).toMatchObject({ state: 'off', stream: null });
		expect(lights()).toBe(0);
	});

	it('that is allowed after it was closed is let go at once', async () => {
		const started = camera.start();
		camera.close();
		await started;
		expect(camera.state).toBe('off');
		expect(lights()).toBe(0);
	});

	it('is switched to the next one, never with two at once', async () => {
		await camera.start();
		await camera.switch();
		expect(camera.state).toBe('live');
		expect(asked).toHaveLength(2);
		expect(asked[1]?.video).toMatchObject({ deviceId: { exact: 'front' } });
		expect(lights()).toBe(1);
	});

	it.each([
		['refused', 'NotAllowedError'],
		['missing', 'NotFoundError'],
		['busy', 'NotReadableError'],
	])('may be %s', async (problem, name) => {
		broken.video = name;
		await camera.start();
		expect(camera).toMatchObject({ state: 'off', problem });
		broken = {};
		await camera.start();
		expect(camera).toMatchObject({ state: 'live', problem: null });
	});

	it('that is taken away says so', async () => {
		await camera.start();
		opened[0]?.tracks[0]?.onended?.();
		expect(camera).toMatchObject({ state: 'off', problem: 'taken_away', stream: null });
	});
});

describe('a clip', () => {
	it('has picture and sound, and ends when it is stopped', async () => {
		await camera.start();
		const recorded = camera.recordClip();
		await vi.advanceTimersByTimeAsync(2_000);
		expect(camera.state).toBe('recording');
		expect(camera.elapsed).toBeGreaterThanOrEqual(1_800);
		expect(FakeMediaRecorder.last.stream.tracks).toHaveLength(2);
		camera.stopClip();
		expect((await recorded)?.type).toBe('video/webm;codecs=vp8,opus');
		expect(camera.state).toBe('live');
		expect(lights()).toBe(1);
	});

	it('ends by itself before it is too long to be sent', async () => {
		await camera.start();
		const recorded = camera.recordClip();
		await vi.advanceTimersByTimeAsync(CLIP_MAX_MS - 2_000);
		expect(camera.state).toBe('recording');
		await vi.advanceTimersByTimeAsync(2_000);
		expect(camera.state).toBe('live');
		expect(camera.elapsed).toBeLessThanOrEqual(CLIP_MAX_MS);
		expect((await recorded)?.size).toBe(1);
	});

	it('is silent without a microphone', async () => {
		broken.audio = 'NotAllowedError';
		await camera.start();
		const recorded = camera.recordClip();
		await vi.advanceTimersByTimeAsync(1_000);
		expect(FakeMediaRecorder.last.stream.tracks).toHaveLength(1);
		camera.stopClip();
		expect(await recorded).not.toBeNull();
	});

	it('whose camera is taken away is what it was until then', async () => {
		await camera.start();
		const recorded = camera.recordClip();
		await vi.advanceTimersByTimeAsync(1_000);
		opened[0]?.tracks[0]?.onended?.();
		expect((await recorded)?.size).toBe(1);
		expect(camera).toMatchObject({ state: 'off', problem: 'taken_away' });
	});

	it('is none when the camera goes while the microphone is asked for', async () => {
		await camera.start();
		const recorded = camera.recordClip();
		camera.close();
		expect(await recorded).toBeNull();
		expect(lights()).toBe(0);
	});
});
