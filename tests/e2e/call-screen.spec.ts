import { bothInRoom, button, connect, expectMedia, incoming, lights, screen } from './call.ts';
import { befriend, conversation, expect, logIn, openChat, test } from './fixtures.ts';

/* What people do in a call, and what happens to them. */

declare const seen: { tracks: MediaStreamTrack[] };
declare const awake: boolean[];

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

test('leaving the page asks first; whoever leaves has hung up', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await connect(ana, bob, 'voice');
	const asked: string[] = [];
	ana.page.on('dialog', (dialog) => {
		asked.push(dialog.type());
		void dialog.accept();
	});
	await ana.page.reload();
	expect(asked).toEqual(['beforeunload']);
	await expect(screen(bob.page, ana)).toContainText('Call ended', { timeout: 5_000 });
	expect(await lights(bob.page)).toBe(0);
	await expect(conversation(ana.page).getByText(/^0:\d\d$/)).toBeVisible();
	// Out of it for good, and not asked any more; the entry calls back.
	await expect(screen(ana.page, bob)).toBeHidden();
	await ana.page.reload();
	expect(asked).toEqual(['beforeunload']);
	await conversation(ana.page).getByRole('button', { name: 'Call back' }).click();
	await expect(incoming(bob.page, ana, 'Voice')).toBeVisible();
});

test('on a phone every control has its place, and the camera flips', async ({ newcomer, server }) => {
	const ana = await newcomer('ana', PHONE);
	const bob = await newcomer('bob');
	await befriend(server, ana, bob);
	await ana.page.addInitScript(() => {
		// A phone has two cameras; they differ here by what was asked for.
		const devices = navigator.mediaDevices;
		const list = devices.enumerateDevices.bind(devices);
		devices.enumerateDevices = async () => {
			const all = await list();
			const camera = all.find(({ kind }) => kind === 'videoinput');
			return camera ? [...all, { ...camera.toJSON(), deviceId: 'behind' } as MediaDeviceInfo] : all;
		};
		Object.assign(window, { facing: [] });
		const ask = devices.getUserMedia.bind(devices);
		devices.getUserMedia = (wish) => {
			const video = wish?.video;
			if (typeof video === 'object')
				(window as unknown as { facing: unknown[] }).facing.push(video.facingMode);
			return ask(wish);
		};
	});
	await bothInRoom({ ana, bob });
	await connect(ana, bob);
	await expectMedia(ana.page);

	const call = screen(ana.page, bob);
	const names = await call
		.getByRole('button')
		.evaluateAll((buttons) =>
			buttons.map((each) => each.textContent?.trim() || each.getAttribute('aria-label')),
		);
	expect(names).toEqual(
		expect.arrayContaining(['Mute microphone', 'Flip camera', 'Devices', 'Message', 'Hang up']),
	);
	const boxes = await call.getByRole('button').evaluateAll((buttons) =>
		buttons.map((each) => {
			const { left, top, right, bottom } = each.getBoundingClientRect();
			return { left, top, right, bottom };
		}),
	);
	for (const [i, box] of boxes.entries()) {
		expect(
			Math.min(box.right - box.left, box.bottom - box.top),
			`${names[i]} is big enough`,
		).toBeGreaterThanOrEqual(44);
		expect(
			box.left >= 0 && box.right <= 390 && box.top >= 0 && box.bottom <= 844,
			`${names[i]} is in sight`,
		).toBe(true);
		for (const [j, other] of boxes.entries()) {
			const apart =
				j <= i ||
				box.right <= other.left ||
				other.right <= box.left ||
				box.bottom <= other.top ||
				other.bottom <= box.top;
			expect(apart, `${names[i]} and ${names[j]} are apart`).toBe(true);
		}
	}
	const row = (name: string) => boxes[names.indexOf(name)]!.top;
	expect(row('Hang up')).toBe(row('Mute microphone'));

	await button(call, 'Flip camera').click();
	await expect
		.poll(() => ana.page.evaluate(() => (window as unknown as { facing: unknown[] }).facing))
		.toEqual(['user', 'environment']);
	await expectMedia(bob.page);
	expect(await lights(ana.page), 'the first camera is off').toBe(2);
});

test('sharing the screen, a window of its own, and a screen that stays awake', async ({
	friends: { ana, bob },
}) => {
	await ana.page.addInitScript(() => {
		const locks: boolean[] = [];
		Object.assign(window, { awake: locks });
		navigator.wakeLock.request = async () => {
			const at = locks.push(true) - 1;
			return { release: async () => void (locks[at] = false) } as WakeLockSentinel;
		};
		navigator.mediaDevices.getDisplayMedia = async () => {
			const canvas = document.createElement('canvas');
			const paint = canvas.getContext('2d')!;
			setInterval(() => {
				paint.fillStyle = `hsl(${performance.now() % 360} 80% 50%)`;
				paint.fillRect(0, 0, canvas.width, canvas.height);
			}, 50);
			const stream = canvas.captureStream(20);
			seen.tracks.push(...stream.getTracks());
			return stream;
		};
	});
	await bothInRoom({ ana, bob });
	await connect(ana, bob, 'voice');
	expect(await ana.page.evaluate(() => awake)).toEqual([true]);
	await button(screen(ana.page, bob), 'Share screen').click();
	await expectMedia(bob.page);
	await expect(screen(bob.page, ana).locator('video.whole')).toBeVisible();

	await button(screen(bob.page, ana), 'Picture in picture').click();
	await expect
		.poll(() => bob.page.evaluate(() => document.pictureInPictureElement?.className))
		.toContain('theirs');
	await button(screen(bob.page, ana), 'Picture in picture').click();
	await expect.poll(() => bob.page.evaluate(() => document.pictureInPictureElement)).toBeNull();

	await button(screen(ana.page, bob), 'Stop sharing screen').click();
	await expect(screen(bob.page, ana).locator('video.shown')).toHaveCount(0);
	expect(await lights(ana.page)).toBe(1);
	await button(screen(ana.page, bob), 'Hang up').click();
	expect(await ana.page.evaluate(() => awake)).toEqual([false]);
});

test('a camera that is unplugged, in use or missing is said, and the call goes on', async ({
	friends: { ana, bob },
}) => {
	await bothInRoom({ ana, bob });
	await connect(ana, bob);
	const call = screen(ana.page, bob);
	await ana.page.evaluate(() => {
		const camera = seen.tracks.find((track) => track.kind === 'video')!;
		camera.stop();
		camera.dispatchEvent(new Event('ended'));
	});
	await expect(call).toContainText(/The camera was (unplugged|taken away)/);
	await expect(button(call, 'Turn camera on')).toBeVisible();
	await expect(screen(bob.page, ana).locator('video.shown')).toHaveCount(0);

	for (const [error, words] of [
		['NotReadableError', 'Another program is using the camera'],
		['NotFoundError', 'There is no camera'],
	] as const) {
		await ana.page.evaluate((name) => {
			navigator.mediaDevices.getUserMedia = async () => {
				throw new DOMException('no', name);
			};
		}, error);
		await button(call, 'Turn camera on').click();
		await expect(call).toContainText(words);
		await expect(button(call, 'Turn camera on')).toBeVisible();
	}
	await expectMedia(bob.page, false);
	await expect(call.getByText(/^\d+:\d\d$/)).toBeVisible();
});

test('who calls somebody in another call hears that they are busy, and both logs have it', async ({
	newcomer,
	server,
}) => {
	const [ana, bob, eve] = [await newcomer('ana'), await newcomer('bob'), await newcomer('eve')];
	await befriend(server, ana, bob);
	await befriend(server, eve, bob);
	await bothInRoom({ ana, bob });
	await connect(ana, bob, 'voice');
	await openChat(eve.page, bob);
	await button(eve.page, 'Start voice call').click();
	await expect(screen(eve.page, bob)).toContainText('Busy in another call');
	await expect(conversation(eve.page).getByText('Busy')).toBeVisible();
	await expect(incoming(bob.page, eve, 'Voice')).toBeHidden();
	await expect(screen(bob.page, ana).getByText(/^\d+:\d\d$/)).toBeVisible();

	await button(screen(bob.page, ana), 'Hang up').click();
	// The list is the archive's, which is written behind.
	await expect(async () => {
		await bob.page.goto('/calls');
		const calls = bob.page.getByRole('list', { name: 'Calls' });
		await expect(calls.getByRole('listitem').filter({ hasText: eve.name })).toContainText('Missed', {
			timeout: 1_000,
		});
	}).toPass({ timeout: 20_000 });
});

test('logged out from elsewhere, a device is out of its call', async ({
	friends: { ana, bob },
	browser,
	baseURL,
}) => {
	await bothInRoom({ ana, bob });
	await connect(ana, bob, 'voice');
	const other = await browser.newContext({ baseURL: baseURL! });
	const page = await other.newPage();
	await logIn(page, bob.name, bob.password);
	await page.waitForURL('**/chats');
	await page.goto('/settings');
	await page.getByRole('button', { name: /^Log out\s+\S/ }).click();
	await expect(screen(ana.page, bob)).toContainText('Call ended');
	expect(await lights(ana.page)).toBe(0);
	// No question keeps them: the call is over.
	await bob.page.waitForURL(/\/login/);
	await other.close();
});

test('devices are tried and chosen before a call, and the next call begins with them', async ({
	friends: { ana, bob },
}) => {
	const settings = await ana.page.goto('/settings');
	// Without ZEGOCLOUD, pages connect to nothing but Kith.
	expect(settings?.headers()['content-security-policy']).toMatch(/connect-src 'self'(;|$)/);
	await ana.page.getByRole('button', { name: 'Try camera and microphone' }).click();
	const microphone = ana.page.getByRole('combobox', { name: 'Microphone' });
	await microphone.selectOption('Fake Audio Input 2');
	const chosen = await microphone.inputValue();
	await expect
		.poll(() => ana.page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth))
		.toBeGreaterThan(0);
	await expect
		.poll(() => ana.page.getByRole('meter').evaluate((meter: HTMLMeterElement) => meter.value))
		.toBeGreaterThan(0);
	await ana.page.getByRole('button', { name: 'Switch them off' }).click();
	await expect(ana.page.getByRole('meter')).toBeHidden();
	// Nothing to hide behind here, and it is said.
	await expect(ana.page.getByRole('switch', { name: 'Hide my network address' })).toBeDisabled();
	await expect(ana.page.getByText('can learn your IP address')).toBeVisible();

	await bothInRoom({ ana, bob });
	await connect(ana, bob, 'voice');
	expect(await ana.page.evaluate(() => seen.tracks.map((track) => track.getSettings().deviceId))).toEqual([
		chosen,
	]);
	await button(screen(ana.page, bob), 'Devices').click();
	const choices = screen(ana.page, bob).getByRole('combobox', { name: 'Microphone' });
	await expect(choices).toHaveValue(chosen);
	await ana.page.keyboard.press('Escape');
	await expect(choices).toBeHidden();
	await button(screen(ana.page, bob), 'Devices').click();
	await screen(ana.page, bob)
		.getByRole('combobox', { name: 'Microphone' })
		.selectOption('Fake Audio Input 1');
	await expectMedia(bob.page, false);
	expect(await lights(ana.page)).toBe(1);
});
