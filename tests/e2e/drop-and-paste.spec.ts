import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { composer, conversation, expect, expectAccessible, test } from './fixtures.ts';
import { bytesOf, fixture, photos, sendChosen, talk } from './media.ts';

test.use({ permissions: ['camera', 'microphone'] });

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
