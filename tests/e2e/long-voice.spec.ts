import { PEAKS } from '#lib/chat/media.ts';
import { VoiceEncoder } from '#lib/client/media/mp3.ts';
import { conversation, expect } from './fixtures.ts';
import { test } from './room.ts';

const SECONDS = 5 * 60;

/** MP3 as Kith records it: four seconds of a tone, again and again. */
function longMp3(): Buffer {
	const encoder = new VoiceEncoder(48_000);
	const sound = Float32Array.from({ length: 48_000 * 4 }, (_, i) => 0.5 * Math.sin(i / 25));
	const parts = [encoder.encode(sound), encoder.finish()].map(({ mp3 }) => Buffer.from(mp3));
	const piece = Buffer.concat(parts);
	return Buffer.concat(Array.from({ length: SECONDS / 4 }, () => piece));
}

test('a long voice message plays and is sought in on a slow line, long before all of it is here', async ({
	talk,
}) => {
	const { room, ana, bob } = await talk();
	const mp3 = longMp3();
	const page = await ana.open();
	const id = crypto.randomUUID();
	const status = await page.evaluate(
		async ([url, base64]) => {
			const body = Uint8Array.from(atob(base64 ?? ''), (letter) => letter.charCodeAt(0));
			return (await fetch(url ?? '', { method: 'POST', body })).status;
		},
		[`/media/${room}?id=${id}`, mp3.toString('base64')],
	);
	expect(status).toBe(201);
	const peaks = Array.from({ length: PEAKS }, (_, i) => i);
	const sent = await ana.client.call('put /api/rooms/{room}/messages/{id}', {
		path: { room, id },
		body: { body: { kind: 'voice', media: id, duration: SECONDS * 1000, peaks } },
	});
	expect(sent.status).toBe(200);

	const other = await bob.open();
	const voice = conversation(other).getByRole('group', { name: /^Voice message, 5:00/ });
	const line = await other.context().newCDPSession(other);
	await line.send('Network.enable');
	// 40 kB a second: all of it would take a minute.
	const slow = { offline: false, latency: 20, downloadThroughput: 40_000, uploadThroughput: 40_000 };
	await line.send('Network.emulateNetworkConditions', slow);
	await voice.getByRole('button', { name: /^Play/ }).click();
	const audio = voice.locator('audio').first();
	const at = () => audio.evaluate((element: HTMLAudioElement) => element.currentTime);
	await expect.poll(at).toBeGreaterThan(0.5);
	const here = () =>
		audio.evaluate(({ buffered }: HTMLAudioElement) =>
			Array.from({ length: buffered.length }, (_, i) => buffered.end(i) - buffered.start(i)).reduce(
				(sum, length) => sum + length,
				0,
			),
		);
	expect(await here()).toBeLessThan(SECONDS / 2);

	const slider = voice.getByRole('slider');
	await slider.press('End');
	await slider.press('ArrowLeft');
	await expect.poll(at).toBeGreaterThan(SECONDS - 14);
	expect(await here()).toBeLessThan(SECONDS * 0.75);
});
