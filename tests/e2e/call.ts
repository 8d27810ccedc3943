import type { Locator, Page } from '@playwright/test';
import { expect, openChat, type Person } from './fixtures.ts';

/* What the tests of calls share: where things are, and what really arrives. */

export const screen = (page: Page, friend: Person): Locator =>
	page.getByRole('dialog', { name: `Call with ${friend.name}` });
export const incoming = (page: Page, friend: Person, kind: 'Voice' | 'Video' = 'Video'): Locator =>
	page.getByRole('dialog', { name: `${kind} call from ${friend.name}` });
export const button = (within: Page | Locator, name: string): Locator =>
	within.getByRole('button', { name, exact: true });

/** Notes every connection and every track that the page makes, before anything runs in it. */
export async function watch(page: Page): Promise<void> {
	await page.addInitScript(() => {
		const seen = { peers: [] as RTCPeerConnection[], tracks: [] as MediaStreamTrack[] };
		Object.assign(window, { seen });
		const Real = window.RTCPeerConnection;
		window.RTCPeerConnection = class extends Real {
			constructor(configuration?: RTCConfiguration) {
				super(configuration);
				seen.peers.push(this);
			}
		};
		const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
		navigator.mediaDevices.getUserMedia = async (wish) => {
			const stream = await real(wish);
			seen.tracks.push(...stream.getTracks());
			return stream;
		};
	});
	await page.reload();
}

declare const seen: { peers: RTCPeerConnection[]; tracks: MediaStreamTrack[] };

async function received(page: Page): Promise<{ frames: number; audio: number; pixels: number }> {
	return page.evaluate(async () => {
		let frames = 0;
		let audio = 0;
		for (const entry of (await seen.peers.at(-1)!.getStats()).values()) {
			if (entry.type !== 'inbound-rtp') continue;
			if (entry.kind === 'video') frames += entry.framesDecoded ?? 0;
			else audio += entry.bytesReceived ?? 0;
		}
		const video = document.querySelector<HTMLVideoElement>('video.theirs')!;
		const canvas = new OffscreenCanvas(64, 48);
		const paint = canvas.getContext('2d')!;
		paint.drawImage(video, 0, 0, 64, 48);
		let pixels = 7;
		paint.getImageData(0, 0, 64, 48).data.forEach((value, i) => {
			pixels = (pixels * 31 + value * (i % 7)) % 1_000_000_007;
		});
		return { frames, audio, pixels };
	});
}

/** Waits until sound, and a picture that moves, really arrive here. */
export async function expectMedia(page: Page, video = true): Promise<void> {
	await page.waitForFunction(() => seen.peers.at(-1)?.connectionState === 'connected');
	const before = await received(page);
	await expect(async () => {
		const now = await received(page);
		expect(now.audio).toBeGreaterThan(before.audio + 500);
		if (!video) return;
		expect(now.frames).toBeGreaterThan(before.frames + 5);
		expect(now.pixels).not.toBe(before.pixels);
	}).toPass({ timeout: 20_000 });
}

/** How many cameras, microphones and screens of this page are on. */
export const lights = (page: Page): Promise<number> =>
	page.evaluate(() => seen.tracks.filter((track) => track.readyState === 'live').length);

/** Both in their conversation, and watched. */
export async function bothInRoom({ ana, bob }: { ana: Person; bob: Person }): Promise<void> {
	for (const { page } of [ana, bob]) await watch(page);
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
}

export async function connect(ana: Person, bob: Person, kind: 'voice' | 'video' = 'video'): Promise<void> {
	await button(ana.page, `Start ${kind} call`).click();
	await button(incoming(bob.page, ana, kind === 'video' ? 'Video' : 'Voice'), 'Answer').click();
	for (const [here, there] of [
		[ana, bob],
		[bob, ana],
	] as const)
		await expect(screen(here.page, there).getByText(/^\d+:\d\d$/)).toBeVisible();
}
