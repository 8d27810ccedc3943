import { readFileSync } from 'node:fs';
import type { Locator, Page } from '@playwright/test';
import { composer, conversation, expect, openChat, type Person } from './fixtures.ts';

export const fixture = (name: string) => readFileSync(`tests/fixtures/media/${name}`);
export const photos = (page: Page): Locator => conversation(page).getByRole('img', { name: /photo|garden/i });
export const voices = (page: Page): Locator =>
	conversation(page).getByRole('group', { name: /^Voice message/ });

/** Both in their conversation, live. */
export async function talk(friends: { ana: Person; bob: Person }): Promise<{ ana: Page; bob: Page }> {
	const { ana, bob } = friends;
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	for (const { page } of [ana, bob]) await expect(button(page, 'Attach photo')).toBeEnabled();
	return { ana: ana.page, bob: bob.page };
}

export const button = (page: Page | Locator, name: string) => page.getByRole('button', { name, exact: true });

export async function attach(
	page: Page,
	...files: { name: string; mimeType: string; buffer: Buffer }[]
): Promise<void> {
	const chooser = page.waitForEvent('filechooser');
	await button(page, 'Attach photo').click();
	await (await chooser).setFiles(files);
}

/** Opens the preview's Send, once what was chosen is ready. */
export async function sendChosen(page: Page, caption = ''): Promise<void> {
	const dialog = page.getByRole('dialog');
	await expect(button(dialog, 'Send')).toBeEnabled();
	await expect(composer(page)).toBeHidden();
	if (caption) await dialog.getByRole('textbox', { name: 'Caption' }).fill(caption);
	await button(dialog, 'Send').click();
	await expect(dialog).toBeHidden();
}

/** Waits until a clock that runs shows this many seconds, 1 to 9, or more: each of them is there for one second only. */
export async function expectPassed(where: Locator, seconds: number): Promise<void> {
	await expect(where.getByText(new RegExp(`^0:(0[${seconds}-9]|[1-5]\\d)$`))).toBeVisible();
}

export const voiceBar = (page: Page): Locator => page.getByRole('region', { name: 'Voice message' });

export async function record(page: Page, seconds: number): Promise<void> {
	await button(page, 'Record voice message').click();
	await expectPassed(voiceBar(page), seconds);
	await button(page, 'Stop recording').click();
}

/** Writes down, from now on, which of the page's sounds are on whenever one begins. */
export async function listen(page: Page): Promise<() => Promise<string[]>> {
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
export async function bytesOf(
	page: Page,
	shown: Locator,
): Promise<{ status: number; type: string; bytes: Buffer; url: string }> {
	await expect(shown).toHaveAttribute('src', /^\/media\//);
	const url = (await shown.getAttribute('src')) ?? '';
	const answer = await page.request.get(url);
	const type = answer.headers()['content-type'] ?? '';
	return { status: answer.status(), type, bytes: Buffer.from(await answer.body()), url };
}

export const withGps = { name: 'garden.jpg', mimeType: 'image/jpeg', buffer: fixture('gps.jpg') };

/** Puts a finger on a place, moves it, and lifts it, as the browser hears of it from a screen. */
export async function finger(page: Page): Promise<{
	down(on: Locator): Promise<void>;
	slide(by: number): Promise<void>;
	lift(): Promise<void>;
}> {
	const line = await page.context().newCDPSession(page);
	let at = { x: 0, y: 0 };
	const say = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: { x: number; y: number }[]) =>
		line.send('Input.dispatchTouchEvent', { type, touchPoints });
	return {
		down: async (on) => {
			const box = await on.boundingBox();
			if (!box) throw new Error('There is nothing to touch.');
			at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
			await say('touchStart', [at]);
		},
		slide: async (by) => {
			for (let step = 1; step <= 4; step++) await say('touchMove', [{ x: at.x + (by * step) / 4, y: at.y }]);
			at.x += by;
		},
		lift: async () => void (await say('touchEnd', [])),
	};
}
