import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import {
	composer,
	conversation,
	deleteShown,
	expect,
	expectAccessible,
	expectSent,
	openChat,
	test,
	type Person,
} from './fixtures.ts';

test.use({ permissions: ['camera', 'microphone'] });

const fixture = (name: string) => readFileSync(`tests/fixtures/media/${name}`);
const photos = (page: Page): Locator => conversation(page).getByRole('img', { name: /photo|garden/i });
const voices = (page: Page): Locator => conversation(page).getByRole('group', { name: /^Voice message/ });

/** Both in their conversation, live. */
async function talk(friends: { ana: Person; bob: Person }): Promise<{ ana: Page; bob: Page }> {
	const { ana, bob } = friends;
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	for (const { page } of [ana, bob]) await expect(button(page, 'Attach photo')).toBeEnabled();
	return { ana: ana.page, bob: bob.page };
}

const button = (page: Page | Locator, name: string) => page.getByRole('button', { name, exact: true });

async function attach(
	page: Page,
	...files: { name: string; mimeType: string; buffer: Buffer }[]
): Promise<void> {
	const chooser = page.waitForEvent('filechooser');
	await button(page, 'Attach photo').click();
	await (await chooser).setFiles(files);
}

/** Opens the preview's Send, once what was chosen is ready. */
async function sendChosen(page: Page, caption = ''): Promise<void> {
	const dialog = page.getByRole('dialog');
	await expect(button(dialog, 'Send')).toBeEnabled();
	await expect(composer(page)).toBeHidden();
	if (caption) await dialog.getByRole('textbox', { name: 'Caption' }).fill(caption);
	await button(dialog, 'Send').click();
	await expect(dialog).toBeHidden();
}

/** Waits until a clock that runs shows this many seconds, 1 to 9, or more: each of them is there for one second only. */
async function expectPassed(where: Locator, seconds: number): Promise<void> {
	await expect(where.getByText(new RegExp(`^0:(0[${seconds}-9]|[1-5]\\d)$`))).toBeVisible();
}

const voiceBar = (page: Page): Locator => page.getByRole('region', { name: 'Voice message' });

async function record(page: Page, seconds: number): Promise<void> {
	await button(page, 'Record voice message').click();
	await expectPassed(voiceBar(page), seconds);
	await button(page, 'Stop recording').click();
}

/** Writes down, from now on, which of the page's sounds are on whenever one begins. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
	const log = await page.evaluateHandle(() => {
		const lines: string[] = [];
		const write = () => {
			const sounds = [...document.querySelectorAll('audio')];
			const line = sounds.map(({ paused }) => (paused ? '-' : 'plays')).join(' ');
			if (line !== lines.at(-1)) lines.push(line);
		};
		document.addEventListener('playing', write, true);
		return lines;
	});
	return () => log.jsonValue();
}

/** Fetches what somebody sees, as they would. */
async function bytesOf(
	page: Page,
	shown: Locator,
): Promise<{ status: number; type: string; bytes: Buffer; url: string }> {
	await expect(shown).toHaveAttribute('src', /^\/media\//);
	const url = (await shown.getAttribute('src')) ?? '';
	const answer = await page.request.get(url);
	const type = answer.headers()['content-type'] ?? '';
	return { status: answer.status(), type, bytes: Buffer.from(await answer.body()), url };
}

const withGps = { name: 'garden.jpg', mimeType: 'image/jpeg', buffer: fixture('gps.jpg') };

test('a photo with GPS from disk arrives upright, without it, and is gone when it is deleted', async ({
	friends,
}) => {
	const { ana, bob } = await talk(friends);
	expect(withGps.buffer.includes('Exif')).toBe(true);
	await attach(ana, withGps);
	await sendChosen(ana, 'The garden');
	await expectSent(ana);
	const seen = photos(bob);
	await expect(seen).toHaveAttribute('alt', 'The garden');
	await expect.poll(() => seen.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(24);
	const { status, type, bytes, url } = await bytesOf(bob, seen);
	expect([status, type]).toEqual([200, 'image/webp']);
	for (const trace of ['Exif', 'EXIF', 'GPS']) expect(bytes.includes(trace)).toBe(false);
	await expect(photos(ana)).toHaveAttribute('src', url);

	await photos(ana).hover();
	await deleteShown(ana);
	await expect(photos(bob)).toHaveCount(0);
	await expect(conversation(bob)).toContainText('deleted');
	for (const page of [ana, bob])
		await expect.poll(async () => (await page.request.get(url)).status()).toBe(404);
});

test('a picture that carries GPS all the same is refused by the server', async ({ friends }) => {
	const { ana } = await talk(friends);
	const room = ana.url().split('/').at(-1);
	const status = (data: Buffer) =>
		ana.evaluate(
			async ([room, data]) => {
				const body = Uint8Array.from(atob(data ?? ''), (letter) => letter.charCodeAt(0));
				const answer = await fetch(`/media/${room}`, { method: 'POST', body });
				return [answer.status, ((await answer.json()) as { code?: string }).code];
			},
			[room, data.toString('base64')],
		);
	expect(await status(fixture('gps.jpg'))).toEqual([422, 'gps']);
	expect(await status(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).toEqual([
		415,
		'unsupported',
	]);
	expect((await status(fixture('plain.jpg')))[0]).toBe(201);
});

test('several pictures at once; what cannot be sent says why', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await attach(
		ana,
		{ name: 'one.png', mimeType: 'image/png', buffer: fixture('plain.png') },
		{ name: 'two.jpg', mimeType: 'image/jpeg', buffer: fixture('plain.jpg') },
		{ name: 'phone.heic', mimeType: 'image/heic', buffer: fixture('photo.heic') },
	);
	await expect(ana.getByRole('dialog').getByText(/HEIC/)).toBeVisible();
	await expectAccessible(ana);
	await sendChosen(ana);
	await expect(photos(bob)).toHaveCount(2);
	await photos(bob).first().click();
	await expect(bob.getByRole('dialog', { name: 'Photos' })).toBeVisible();
	await bob.keyboard.press('ArrowRight');
	// While it opens or slides it hears nothing.
	await expect(async () => {
		await bob.keyboard.press('Escape');
		await expect(bob.getByRole('dialog', { name: 'Photos' })).toHaveCount(0, { timeout: 1_000 });
	}).toPass();
});

test('a photo and a clip are taken with the camera; the other sees them, and seeks', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await button(ana, 'Take photo').click();
	await button(ana.getByRole('dialog'), 'Take photo').click();
	await sendChosen(ana);
	await expect(photos(bob)).toHaveCount(1);

	await button(ana, 'Take photo').click();
	await button(ana.getByRole('dialog'), 'Record clip').click();
	await expectPassed(ana.getByRole('dialog'), 3);
	await button(ana.getByRole('dialog'), 'Stop clip').click();
	await sendChosen(ana);
	const clip = conversation(bob).locator('video');
	await expect(clip).toHaveAttribute('poster', /^\/media\//);
	const { type, url } = await bytesOf(bob, clip);
	expect(type).toMatch(/^video\//);
	await clip.evaluate((video: HTMLVideoElement) => {
		video.muted = true;
		return video.play();
	});
	await expect.poll(() => clip.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0.3);
	await clip.evaluate((video: HTMLVideoElement) => (video.currentTime = 2.5));
	await expect.poll(() => clip.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(2.4);
	expect((await bob.request.get(url, { headers: { range: 'bytes=0-9' } })).status()).toBe(206);
});

test('a voice message is recorded, listened to, sent, heard and sought in; deleted, its sound is gone', async ({
	friends,
}) => {
	const { ana, bob } = await talk(friends);
	await record(ana, 5);
	await button(ana, 'Send voice message').click();
	await expectSent(ana);
	const message = voices(bob);
	const audio = message.locator('audio').first();
	const { type, url } = await bytesOf(bob, audio);
	expect(type).toBe('audio/mpeg');
	const at = () => audio.evaluate((element: HTMLAudioElement) => element.currentTime);

	await message.getByRole('button', { name: /^Play/ }).click();
	await expectPassed(message, 1);
	expect(await at()).toBeGreaterThan(0.9);
	await message.getByRole('slider').press('Home');
	await expect.poll(at).toBeLessThan(1);
	await message.getByRole('button', { name: /^Pause/ }).click();
	await message.getByRole('slider').press('End');
	await message.getByRole('slider').press('PageDown');
	expect(await at()).toBeGreaterThan(1.5);
	await message.getByRole('button', { name: 'Speed 1×' }).click();
	expect(await audio.evaluate((element: HTMLAudioElement) => element.playbackRate)).toBe(1.5);
	await expect(voices(ana)).toContainText('Played');
	await expectAccessible(bob);

	await voices(ana).hover();
	await deleteShown(ana);
	await expect(voices(bob)).toHaveCount(0);
	await expect.poll(async () => (await bob.request.get(url)).status()).toBe(404);
});

test('one sound at a time, and the next unheard voice message plays on', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	for (const count of [1, 2]) {
		await record(ana, 1);
		await button(ana, 'Send voice message').click();
		await expect(voices(bob)).toHaveCount(count);
	}
	const heard = await listen(bob);
	const play = voices(bob).getByRole('button', { name: /^Play/ });
	await play.first().click();
	await expect.poll(heard).toEqual(['plays -', '- plays']);
	await expect(play).toHaveCount(2);

	const again = await listen(bob);
	await bob.evaluate(() => {
		const [first, second] = document.querySelectorAll('[role=group]:has(audio)');
		const next = second?.querySelector('button');
		first?.querySelector('audio')?.addEventListener('playing', () => next?.click(), { once: true });
	});
	await play.first().click();
	await expect.poll(again).toEqual(['plays -', '- plays']);
});

test('only the two of them, and only what is there', async ({ friends, newcomer }) => {
	const { ana } = await talk(friends);
	await attach(ana, withGps);
	await sendChosen(ana);
	await expectSent(ana);
	const { url } = await bytesOf(ana, photos(ana));
	const eve = await newcomer('eve');
	expect((await eve.page.request.get(url)).status()).toBe(404);
	await eve.context.clearCookies();
	expect((await eve.page.request.get(url)).status()).toBe(401);
	expect((await ana.request.get(`${url}x`)).status()).toBe(404);
});

test('an upload survives a dead line and a reload, and arrives once', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.context().setOffline(true);
	await attach(ana, withGps);
	await sendChosen(ana, 'From a tunnel, the garden');
	await expect(conversation(ana).getByText('Waiting for the network')).toBeVisible();
	await ana.context().setOffline(false);
	await expect(photos(bob)).toHaveCount(1);

	await ana.route('**/media/*?id=*', (route) => route.abort());
	await attach(ana, { ...withGps, buffer: fixture('plain.jpg') });
	await sendChosen(ana, 'After the tunnel, the garden');
	await expect(conversation(ana).getByText(/Waiting|%/)).toBeVisible();
	await ana.reload();
	await expect(conversation(ana).getByText('After the tunnel')).toBeVisible();
	await ana.unroute('**/media/*?id=*');
	await expect(photos(bob)).toHaveCount(2, { timeout: 90_000 });
	await ana.reload();
	await expect(photos(ana)).toHaveCount(2);
});

test('an upload is cancelled', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.route('**/media/*?id=*', (route) => route.abort());
	await attach(ana, withGps);
	await sendChosen(ana);
	await button(ana, 'Cancel sending').click();
	await expect(photos(ana)).toHaveCount(0);
	await ana.reload();
	await expect(button(ana, 'Attach photo')).toBeEnabled();
	await expect(photos(ana)).toHaveCount(0);
	await expect(photos(bob)).toHaveCount(0);
});

test('a recording of a tab that was killed comes back, and is sent or discarded', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	const address = ana.url();
	await button(ana, 'Record voice message').click();
	await expectPassed(voiceBar(ana), 3);
	await ana.goto('chrome://crash').catch(() => {});
	const again = await friends.ana.context.newPage();
	await again.goto(address);
	await expect(again.getByText('You had begun this voice message before')).toBeVisible();
	await button(again, 'Send voice message').click();
	await expect(voices(bob)).toHaveCount(1);
	await expect(voices(bob)).toHaveAttribute('aria-label', /0:0[2-9]/);

	await record(again, 1);
	await again.reload();
	await button(again, 'Discard recording').click();
	await again.reload();
	await expect(composer(again)).toBeVisible();
	await expect(button(again, 'Discard recording')).toHaveCount(0);
});

test('a profile photo is cut square, seen by the friend, replaced and removed', async ({ friends }) => {
	const { ana, bob } = friends;
	await ana.page.goto('/settings');
	const choose = async (label: string) => {
		const chooser = ana.page.waitForEvent('filechooser');
		await button(ana.page, label).click();
		await (await chooser).setFiles([withGps]);
		await ana.page.getByRole('slider', { name: 'Zoom' }).fill('2');
		await button(ana.page.getByRole('dialog'), 'Save').click();
		await expect(ana.page.getByRole('dialog')).toBeHidden();
	};
	await choose('Choose a photo');
	await expect(button(ana.page, 'Replace photo')).toBeVisible();
	await openChat(bob.page, ana);
	const face = bob.page.locator('img[src^="/avatars/"]').first();
	await expect.poll(() => face.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(512);
	const url = (await face.getAttribute('src')) ?? '';
	await button(ana.page, 'Remove photo').click();
	await expect(button(ana.page, 'Choose a photo')).toBeVisible();
	expect((await bob.page.request.get(`${url}`)).status()).toBe(404);
});

test('without a microphone or a camera there is a sentence and a way on', async ({ friends }) => {
	const { ana } = await talk(friends);
	await ana.evaluate(() => {
		navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
	});
	await button(ana, 'Record voice message').click();
	await expect(ana.getByText(/may not use the microphone/)).toBeVisible();
	await expect(composer(ana)).toBeVisible();
	await button(ana, 'Take photo').click();
	await expect(ana.getByRole('dialog').getByText(/may not use the camera/)).toBeVisible();
	const chooser = ana.waitForEvent('filechooser');
	await button(ana.getByRole('dialog'), 'Choose a photo').click();
	await (await chooser).setFiles([withGps]);
	await sendChosen(ana);
	await expectSent(ana);
});
