import { composer, deleteShown, entry, expect, expectAccessible, expectSent, test } from './fixtures.ts';
import { button, bytesOf, expectPassed, finger, listen, record, talk, voiceBar, voices } from './media.ts';

test.use({ permissions: ['camera', 'microphone'] });

test('a voice message is recorded, listened to, sent, heard and sought in; deleted, its sound is gone', async ({
	friends,
}) => {
	const { ana, bob } = await talk(friends);
	await record(ana, 5);
	await button(ana, 'Send voice message').click();
	await expectSent(ana);
	const inList = entry(bob, 'Chats', friends.ana.name);
	const message = voices(bob);
	await expect(message).toHaveAttribute('aria-label', /^Voice message, 0:(0[5-9]|[1-5]\d)$/);
	await expect(inList).toContainText((await message.getAttribute('aria-label')) ?? '');
	const audio = message.locator('audio').first();
	const { type, url } = await bytesOf(bob, audio);
	expect(type).toBe('audio/mpeg');
	const at = () => audio.evaluate((element: HTMLAudioElement) => element.currentTime);

	await message.getByRole('button', { name: /^Play/ }).click();
	await expectPassed(message, 1);
	expect(await at()).toBeGreaterThan(0.9);
	await message.getByRole('button', { name: /^Pause/ }).click();
	await message.getByRole('slider').press('Home');
	expect(await at()).toBe(0);
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
	await expect(inList).toContainText('Message deleted');
	await expect(inList).not.toContainText('Voice');
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
	await expect(voices(bob)).toHaveAttribute('aria-label', /0:(0[2-9]|[1-5]\d)$/);

	await record(again, 1);
	await again.reload();
	await button(again, 'Discard recording').click();
	await again.reload();
	await expect(composer(again)).toBeVisible();
	await expect(button(again, 'Discard recording')).toHaveCount(0);
});

test.describe('on a touch screen', () => {
	test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

	test('holding the button records, sliding aside and lifting throws away, lifting sends', async ({
		friends,
	}) => {
		const { ana, bob } = await talk(friends);
		const touch = await finger(ana);
		const microphone = button(ana, 'Record voice message');
		await touch.down(microphone);
		await expect(voiceBar(ana)).toContainText('Slide to discard');
		await expectPassed(voiceBar(ana), 1);
		await touch.slide(-150);
		await expect(voiceBar(ana)).toContainText('Let go to discard');
		await touch.slide(140);
		await expect(voiceBar(ana)).toContainText('Slide to discard');
		await touch.slide(-140);
		await expect(voiceBar(ana)).toContainText('Let go to discard');
		await touch.lift();
		await expect(voiceBar(ana)).toHaveCount(0);
		await expect(composer(ana)).toBeVisible();
		await ana.reload();
		await expect(microphone).toBeEnabled();
		await expect(voiceBar(ana)).toHaveCount(0);
		await expect(voices(ana)).toHaveCount(0);

		await touch.down(microphone);
		await expectPassed(voiceBar(ana), 1);
		await touch.lift();
		await expect(voices(bob)).toHaveCount(1);
		await expect(composer(ana)).toBeVisible();
	});

	test('holding the button without a microphone says why, also when the finger is gone', async ({
		friends,
	}) => {
		const { ana } = await talk(friends);
		await ana.evaluate(() => {
			navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
		});
		const touch = await finger(ana);
		await touch.down(button(ana, 'Record voice message'));
		// Longer than a tap.
		await ana.waitForFunction(() => document.querySelector('button.holding'));
		await touch.lift();
		await expect(ana.getByText(/may not use the microphone/)).toBeVisible();
		await expect(composer(ana)).toBeVisible();
	});

	test('a tap records until it is stopped', async ({ friends }) => {
		const { ana } = await talk(friends);
		await button(ana, 'Record voice message').tap();
		await expectPassed(voiceBar(ana), 1);
		await button(ana, 'Stop recording').tap();
		await expect(voiceBar(ana).getByRole('button', { name: /^Play voice message/ })).toBeVisible();
		await button(ana, 'Discard recording').tap();
		await expect(composer(ana)).toBeVisible();
	});
});

test('a recording says that it comes to its end, and ends there', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	// As if almost fifteen minutes had been recorded already: nobody waits so long for a test.
	await ana.addInitScript(() => {
		const before = 15 * 60_000 - 12_000;
		window.Worker = class extends Worker {
			override set onmessage(hear: (event: MessageEvent) => void) {
				super.onmessage = (event: MessageEvent<{ heard?: { level: number; duration: number } }>) => {
					const { heard } = event.data;
					if (!heard) return hear(event);
					const later = { heard: { ...heard, duration: heard.duration + before } };
					hear(new MessageEvent('message', { data: later }));
				};
			}
		};
	});
	await ana.reload();
	await button(ana, 'Record voice message').click();
	await expect(voiceBar(ana).getByText(/^14:\d\d$/)).toBeVisible();
	await expect(voiceBar(ana).getByText(/^\d+ seconds left$/)).toBeVisible();
	await expect(button(ana, 'Stop recording')).toBeHidden();
	await expectAccessible(ana);
	await button(ana, 'Send voice message').click();
	await expect(voices(bob)).toHaveCount(1);
});

test('without a microphone, or with one that is taken away, there is a sentence and a way on', async ({
	friends,
}) => {
	const { ana, bob } = await talk(friends);
	await ana.evaluate(() => {
		const { mediaDevices } = navigator;
		const ask = mediaDevices.getUserMedia.bind(mediaDevices);
		let asked = 0;
		mediaDevices.getUserMedia = async (wish) => {
			if (++asked === 1) throw new DOMException('none', 'NotFoundError');
			const stream = await ask(wish);
			// What a browser does when it is unplugged.
			Object.assign(window, {
				unplug: () => {
					for (const track of stream.getTracks()) {
						track.stop();
						track.dispatchEvent(new Event('ended'));
					}
				},
			});
			return stream;
		};
	});
	await button(ana, 'Record voice message').click();
	await expect(ana.getByText(/There is no microphone here/)).toBeVisible();
	await expect(composer(ana)).toBeVisible();

	await button(ana, 'Record voice message').click();
	await expectPassed(voiceBar(ana), 1);
	await expect(ana.getByText(/There is no microphone here/)).toHaveCount(0);
	await ana.evaluate(() => (window as unknown as { unplug: () => void }).unplug());
	await expect(voiceBar(ana)).toContainText(
		'The microphone was taken away. What you said until then is here.',
	);
	await button(ana, 'Send voice message').click();
	await expect(voices(bob)).toHaveCount(1);
});

test('a call that is answered ends the recording and leaves it to be sent', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await button(ana, 'Record voice message').click();
	await expectPassed(voiceBar(ana), 1);
	await button(bob, 'Start voice call').click();
	await button(ana, 'Answer').click();
	await expect(voiceBar(ana)).toContainText(
		'A call has ended the recording. What you said until then is here.',
	);
	await button(ana, 'Hang up').click();
	await expect(ana.getByRole('dialog')).toHaveCount(0);
	await button(ana, 'Send voice message').click();
	await expect(voices(bob)).toHaveCount(1);
});
