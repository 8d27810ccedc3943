import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
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
	await sendChosen(ana);
	await expect(photos(bob)).toHaveCount(2);
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

test('an upload whose answer was lost is not sent twice', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	const asked: string[] = [];
	ana.on('request', (request) => {
		if (/\/media\/[^/]+_/.test(request.url()) && request.resourceType() !== 'image')
			asked.push(request.method());
	});
	await ana.route(
		'**/media/*?id=*',
		async (route) => {
			expect((await route.fetch()).status()).toBe(201);
			await route.abort('connectionreset');
		},
		{ times: 1 },
	);
	await attach(ana, withGps);
	await sendChosen(ana, 'Once, the garden');
	await expect(photos(bob)).toHaveCount(1);
	await expectSent(ana);
	expect(asked).toEqual(['POST', 'HEAD']);
	await expect(photos(ana)).toHaveCount(1);
});

test('an upload that is refused says why, and can be tried again', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.route(
		'**/media/*?id=*',
		(route) =>
			route.fulfill({
				status: 429,
				contentType: 'application/problem+json',
				body: JSON.stringify({ code: 'too_many', detail: 'Too many uploads wait to be sent.' }),
			}),
		{ times: 1 },
	);
	await attach(ana, withGps);
	await sendChosen(ana);
	await expect(conversation(ana).getByText(/Too many uploads are waiting/)).toBeVisible();
	await expectAccessible(ana);
	await conversation(ana).getByRole('button', { name: 'Retry' }).click();
	await expect(photos(bob)).toHaveCount(1);
});

test('the place of a picture is kept until it is there: nothing jumps', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await attach(ana, withGps);
	await sendChosen(ana, 'The garden');
	await expectSent(ana);
	let go = () => {};
	const gate = new Promise<void>((done) => (go = done));
	await bob.route('**/media/**', async (route) => {
		await gate;
		await route.continue();
	});
	await bob.reload();
	const place = conversation(bob).getByRole('link', { name: 'The garden' });
	await expect(place).toBeVisible();
	const loaded = () => photos(bob).evaluate((image: HTMLImageElement) => image.naturalWidth > 0);
	expect(await loaded()).toBe(false);
	const before = await place.boundingBox();
	go();
	await expect.poll(loaded).toBe(true);
	expect(await place.boundingBox()).toEqual(before);
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

/** Drags files from disk over the page, as the browser hears of it from the system. */
async function dragger(
	page: Page,
	paths: string[],
): Promise<(type: 'dragEnter' | 'dragOver' | 'dragCancel' | 'drop') => Promise<unknown>> {
	const line = await page.context().newCDPSession(page);
	const data = { items: [], files: paths, dragOperationsMask: 1 };
	const middle = page.viewportSize() ?? { width: 0, height: 0 };
	const at = { x: middle.width / 2, y: middle.height / 2 };
	return (type) => line.send('Input.dispatchDragEvent', { type, ...at, data });
}

const onDisk = (name: string) => resolve('tests/fixtures/media', name);

test('pictures and clips are dropped on the conversation, several at once, and it says where', async ({
	friends,
}, info) => {
	const { ana, bob } = await talk(friends);
	const nameless = info.outputPath('from-a-phone');
	copyFileSync(onDisk('photo.heic'), nameless);
	const drag = await dragger(ana, [
		onDisk('gps.jpg'),
		onDisk('clip-h264.mp4'),
		nameless,
		resolve('package.json'),
	]);
	const target = ana.getByText(`to send them to ${friends.bob.name}`);
	await drag('dragEnter');
	await drag('dragOver');
	await expect(target).toBeVisible();
	// A browser tells of it again and again, also while it rests.
	const resting = setInterval(() => void drag('dragOver'), 200);
	await expectAccessible(ana);
	await expect(target).toBeVisible();
	clearInterval(resting);
	await drag('dragCancel');
	await expect(target).toHaveCount(0);
	await expect(ana.getByRole('dialog')).toHaveCount(0);

	await drag('dragEnter');
	await drag('dragOver');
	await drag('drop');
	await expect(target).toHaveCount(0);
	const dialog = ana.getByRole('dialog');
	await expect(dialog.getByText(/HEIC/)).toBeVisible();
	await expect(dialog.getByText('Only pictures and short clips can be sent.')).toBeVisible();
	await sendChosen(ana, 'By hand, the garden');
	await expect(photos(bob)).toHaveCount(1);
	await expect(photos(bob)).toHaveAttribute('alt', 'By hand, the garden');
	await expect(conversation(bob).locator('video')).toHaveCount(1);
	const { bytes } = await bytesOf(bob, photos(bob));
	for (const trace of ['Exif', 'EXIF', 'GPS']) expect(bytes.includes(trace)).toBe(false);
});

test('what is dragged about that is no file is not for us', async ({ friends }) => {
	const { ana } = await talk(friends);
	const line = await ana.context().newCDPSession(ana);
	const items = [{ mimeType: 'text/plain', data: 'a few words' }];
	for (const type of ['dragEnter', 'dragOver'] as const)
		await line.send('Input.dispatchDragEvent', {
			type,
			x: 300,
			y: 300,
			data: { items, files: [], dragOperationsMask: 1 },
		});
	await expect(ana.getByText(/to send them to/)).toHaveCount(0);
});

test('pictures are pasted; words beside a picture are what is meant', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.context().grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone']);
	const copy = (words: string | null) =>
		ana.evaluate(
			async ([png, words]) => {
				const bytes = Uint8Array.from(atob(png ?? ''), (letter) => letter.charCodeAt(0));
				const items: Record<string, Blob> = { 'image/png': new Blob([bytes], { type: 'image/png' }) };
				if (words) items['text/plain'] = new Blob([words], { type: 'text/plain' });
				await navigator.clipboard.write([new ClipboardItem(items)]);
			},
			[fixture('plain.png').toString('base64'), words],
		);
	await copy('three words here');
	await composer(ana).focus();
	await ana.keyboard.press('ControlOrMeta+v');
	await expect(composer(ana)).toHaveValue('three words here');
	await expect(ana.getByRole('dialog')).toHaveCount(0);
	await composer(ana).fill('');

	await copy(null);
	await ana.keyboard.press('ControlOrMeta+v');
	await expect(ana.getByRole('dialog').getByRole('img')).toHaveCount(1);
	// Once more: it is another picture.
	await ana.keyboard.press('ControlOrMeta+v');
	await expect(ana.getByRole('dialog').getByRole('img')).toHaveCount(2);
	await sendChosen(ana);
	await expect(photos(bob)).toHaveCount(2);
});

test('several files are pasted at once', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await composer(ana).evaluate(
		(area, [jpeg, png]) => {
			const data = new DataTransfer();
			const add = (base64: string, name: string, type: string) =>
				data.items.add(
					new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name, { type }),
				);
			add(jpeg ?? '', 'one.jpg', 'image/jpeg');
			add(png ?? '', 'two.png', 'image/png');
			// As some file managers do.
			data.setData('text/plain', 'one.jpg\ntwo.png');
			area.dispatchEvent(
				new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
			);
		},
		[fixture('plain.jpg').toString('base64'), fixture('plain.png').toString('base64')],
	);
	await sendChosen(ana);
	await expect(photos(bob)).toHaveCount(2);
});
