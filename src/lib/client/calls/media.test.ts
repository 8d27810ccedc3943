import { beforeEach, describe, expect, it } from 'vitest';
import { FakeDevices, type FakeTrack } from './fake-devices.ts';
import { LocalMedia, type Choice, type MediaProblem } from './media.ts';

let devices: FakeDevices;
let problems: MediaProblem[];
let changes: string[];

beforeEach(() => {
	devices = new FakeDevices();
	problems = [];
	changes = [];
});

const local = (choice: Choice = {}, there: MediaDevices | undefined = devices.asMediaDevices) =>
	new LocalMedia(
		{
			track: (slot, track) => changes.push(`${slot} ${track ? 'on' : 'off'}`),
			problem: (problem) => problems.push(problem),
			devices: () => changes.push('devices'),
		},
		choice,
		there,
	);

describe('opening devices', () => {
	it('asks once for both', async () => {
		const media = local();
		await media.open(true);
		expect(devices.asked).toHaveLength(1);
		expect([media.microphone?.kind, media.camera?.kind]).toEqual(['audio', 'video']);
		expect(changes).toEqual(['microphone on', 'camera on']);
	});

	it('asks for the microphone alone in a voice call', async () => {
		const media = local();
		await media.open(false);
		expect(devices.asked[0]?.video).toBe(false);
		expect(media.camera).toBeNull();
	});

	it.each([
		['NotAllowedError', 'refused'],
		['SecurityError', 'refused'],
		['NotFoundError', 'missing'],
		['NotReadableError', 'busy'],
		['AbortError', 'busy'],
		['WhoKnows', 'failed'],
	] as const)('a camera with %s is %s, and the microphone is there all the same', async (name, why) => {
		devices.broken.camera = name;
		const media = local();
		await media.open(true);
		expect(problems).toEqual([`camera_${why}`]);
		expect(media.microphone?.readyState).toBe('live');
		expect(media.camera).toBeNull();
	});

	it('a refused microphone leaves the camera', async () => {
		devices.broken.microphone = 'NotAllowedError';
		const media = local();
		await media.open(true);
		expect(problems).toEqual(['microphone_refused']);
		expect(media.camera?.readyState).toBe('live');
	});

	it('says so where pages may not use devices', async () => {
		const media = new LocalMedia(
			{ track: () => {}, problem: (problem) => problems.push(problem), devices: () => {} },
			{},
			{ addEventListener() {}, removeEventListener() {} } as unknown as MediaDevices,
		);
		await media.open(false);
		expect(problems).toEqual(['unsupported']);
	});

	it('takes any other when the chosen one is gone', async () => {
		const media = local({ microphone: 'mic-9' });
		await media.open(false);
		expect(media.microphone?.getSettings().deviceId).toBe('mic-1');
		expect(problems).toEqual([]);
	});
});

describe('lights', () => {
	it('are off the moment it is closed', async () => {
		const media = local();
		await media.open(true);
		await media.share();
		expect(devices.live).toHaveLength(3);
		media.close();
		expect(devices.live).toEqual([]);
	});

	it('are off also for what was only being opened', async () => {
		let open = () => {};
		devices.gate = new Promise((resolve) => (open = resolve));
		const media = local();
		const opening = [media.open(true), media.share()];
		media.close();
		open();
		await Promise.all(opening);
		expect(devices.opened).toHaveLength(3);
		expect(devices.live).toEqual([]);
		expect(problems).toEqual([]);
	});

	it('the camera’s goes off with the camera, even when it was just being switched on', async () => {
		const media = local();
		await media.open(true);
		await media.setCamera(false);
		expect(devices.live.map((track) => track.kind)).toEqual(['audio']);
		const opening = media.setCamera(true);
		await media.setCamera(false);
		await opening;
		expect(devices.live.map((track) => track.kind)).toEqual(['audio']);
		expect(media.camera).toBeNull();
	});
});

describe('changing devices', () => {
	it('takes the chosen one and stops the other', async () => {
		const media = local();
		await media.open(true);
		await media.choose('camera', 'cam-2');
		await media.choose('microphone', 'mic-2');
		expect(devices.live.map((track) => track.settings.deviceId)).toEqual(['cam-2', 'mic-2']);
	});

	it('does not switch a camera on by choosing it', async () => {
		const media = local();
		await media.open(false);
		await media.choose('camera', 'cam-2');
		expect(devices.live).toHaveLength(1);
		await media.setCamera(true);
		expect(media.camera?.getSettings().deviceId).toBe('cam-2');
	});

	it('flips between the two sides of a phone', async () => {
		const media = local();
		await media.open(true);
		await media.flip();
		expect(media.camera?.getSettings().facingMode).toBe('environment');
		await media.flip();
		expect(media.camera?.getSettings().facingMode).toBe('user');
		expect(devices.live).toHaveLength(2);
	});

	it('a failing change says why and shows no dead camera', async () => {
		const media = local();
		await media.open(true);
		devices.broken.camera = 'NotReadableError';
		await media.choose('camera', 'cam-2');
		expect(problems).toEqual(['camera_busy']);
		expect(media.camera).toBeNull();
	});
});

describe('unplugged in mid-call', () => {
	const unplug = (track: MediaStreamTrack | null) => (track as unknown as FakeTrack).unplug();

	it('another microphone takes over', async () => {
		const media = local({ microphone: 'mic-2' });
		await media.open(false);
		devices.plugged.microphone = ['mic-1'];
		unplug(media.microphone);
		await new Promise((resolve) => setTimeout(resolve));
		expect(problems).toEqual(['microphone_taken_away']);
		expect(media.microphone?.getSettings().deviceId).toBe('mic-1');
	});

	it('without another microphone it is said, and nothing is thrown', async () => {
		const media = local();
		await media.open(false);
		devices.plugged.microphone = [];
		unplug(media.microphone);
		await new Promise((resolve) => setTimeout(resolve));
		expect(problems).toEqual(['microphone_taken_away', 'microphone_missing']);
		expect(media.microphone).toBeNull();
	});

	it('a camera is not switched on unasked', async () => {
		const media = local();
		await media.open(true);
		unplug(media.camera);
		await new Promise((resolve) => setTimeout(resolve));
		expect(problems).toEqual(['camera_taken_away']);
		expect(media.camera).toBeNull();
	});
});

describe('sharing the screen', () => {
	it('shows the screen instead of the camera until it ends, also from the browser’s own bar', async () => {
		const media = local();
		await media.open(true);
		expect(await media.share()).toBe(true);
		expect(media.picture).toBe(media.screen);
		(media.screen as unknown as FakeTrack).unplug();
		expect(media.picture).toBe(media.camera);
		expect(problems).toEqual([]);
	});

	it('thinking better of it is no problem, a failure is', async () => {
		const media = local();
		devices.broken.screen = 'NotAllowedError';
		expect(await media.share()).toBe(false);
		expect(problems).toEqual([]);
		devices.broken.screen = 'NotReadableError';
		expect(await media.share()).toBe(false);
		expect(problems).toEqual(['screen_failed']);
	});
});
