import {
	composer,
	conversation,
	deleteShown,
	entry,
	expect,
	expectAccessible,
	expectSent,
	openChat,
	test,
} from './fixtures.ts';
import {
	attach,
	button,
	bytesOf,
	expectPassed,
	fixture,
	photos,
	sendChosen,
	talk,
	withGps,
} from './media.ts';

test.use({ permissions: ['camera', 'microphone'] });

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
	await expect(button(ana.getByRole('dialog'), 'Send')).toBeEnabled();
	await button(ana.getByRole('dialog'), 'Send').evaluate((send: HTMLElement) => {
		for (const _ of ['once', 'twice']) send.click();
	});
	await expect(ana.getByRole('dialog')).toBeHidden();
	await expect(photos(bob)).toHaveCount(2);
	await expectSent(ana);
	await expect(photos(ana)).toHaveCount(2);
	await expect(entry(bob, 'Chats', friends.ana.name)).toContainText('Photo');
	await expect(entry(ana, 'Chats', friends.bob.name)).toContainText('You: Photo');
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
	await expect(button(ana.getByRole('dialog'), 'Take photo')).toBeEnabled();
	await expectAccessible(ana);
	await button(ana.getByRole('dialog'), 'Take photo').click();
	await button(ana.getByRole('dialog'), 'Retake').click();
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

test('a profile photo is cut square, seen by the friend, replaced and removed', async ({ friends }) => {
	const { ana, bob } = friends;
	await ana.page.goto('/settings');
	const choose = async (label: string, look = async () => {}) => {
		const chooser = ana.page.waitForEvent('filechooser');
		await button(ana.page, label).click();
		await (await chooser).setFiles([withGps]);
		await ana.page.getByRole('slider', { name: 'Zoom' }).fill('2');
		await look();
		await button(ana.page.getByRole('dialog'), 'Save').click();
		await expect(ana.page.getByRole('dialog')).toBeHidden();
	};
	await choose('Choose a photo', () => expectAccessible(ana.page));
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

test('where a page may not use the camera itself, the system is asked to take the picture', async ({
	friends,
}) => {
	const { ana } = await talk(friends);
	await ana.evaluate(() => Object.defineProperty(navigator, 'mediaDevices', { value: undefined }));
	await button(ana, 'Take photo').click();
	const dialog = ana.getByRole('dialog');
	await expect(dialog.getByText(/does not work here/)).toBeVisible();
	const chooser = ana.waitForEvent('filechooser');
	await button(dialog, 'Choose a photo').click();
	expect(await (await chooser).element().getAttribute('capture')).toBe('environment');
	await (await chooser).setFiles([withGps]);
	await sendChosen(ana);
	await expectSent(ana);
});
