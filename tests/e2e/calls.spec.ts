import { bothInRoom, button, connect, expectMedia, incoming, lights, screen } from './call.ts';
import { conversation, expect, say, test } from './fixtures.ts';

/*
 * Calls between two real pages with a camera and a microphone that Chromium makes up. A call rings for 10 seconds here.
 */

declare const seen: { peers: RTCPeerConnection[] };

test('a video call: both see and hear each other, and it ends with every light off', async ({
	friends: { ana, bob },
}) => {
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start video call').click();
	await expect(screen(ana.page, bob)).toContainText('Ringing');
	await expect(incoming(bob.page, ana)).toBeVisible();
	expect(await lights(bob.page), 'nothing is on before the answer').toBe(0);
	await button(incoming(bob.page, ana), 'Answer').click();
	await expectMedia(ana.page);
	await expectMedia(bob.page);

	// Toggles reach the other side.
	await button(screen(ana.page, bob), 'Mute microphone').click();
	await expect(screen(bob.page, ana)).toContainText('is muted');
	await button(screen(ana.page, bob), 'Unmute microphone').click();
	await button(screen(ana.page, bob), 'Turn camera off').click();
	await expect(screen(bob.page, ana).locator('video.shown')).toHaveCount(0);
	expect(await lights(ana.page)).toBe(1);
	await button(screen(ana.page, bob), 'Turn camera on').click();
	await expectMedia(bob.page);

	// The call goes on beside the conversation, and on other pages.
	await button(screen(ana.page, bob), 'Message').click();
	await say(ana.page, 'beside: the call');
	await ana.page.getByRole('link', { name: 'Contacts' }).first().click();
	await ana.page.waitForURL('**/contacts');
	await expectMedia(ana.page);
	await button(screen(ana.page, bob), 'Back to the call').click();

	await button(screen(ana.page, bob), 'Hang up').click();
	await expect(screen(bob.page, ana)).toContainText('Call ended');
	expect(await lights(ana.page)).toBe(0);
	expect(await lights(bob.page)).toBe(0);
	await expect(screen(bob.page, ana)).toBeHidden();
	await expect(conversation(bob.page).getByText('Video call')).toHaveCount(1);
	await expect(conversation(bob.page).getByText(/^0:\d\d$/)).toBeVisible();
});

test('a voice call becomes one with pictures when somebody turns the camera on', async ({ friends }) => {
	const { ana, bob } = friends;
	await bothInRoom(friends);
	await connect(ana, bob, 'voice');
	await expectMedia(ana.page, false);
	expect(await lights(ana.page)).toBe(1);
	await button(screen(bob.page, ana), 'Turn camera on').click();
	await expectMedia(ana.page);
});

test('declined, cancelled and missed calls say so on both sides', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start voice call').click();
	await button(incoming(bob.page, ana, 'Voice'), 'Decline call').click();
	await expect(screen(ana.page, bob)).toContainText('Declined');
	await expect(incoming(bob.page, ana, 'Voice')).toBeHidden();
	await button(screen(ana.page, bob), 'Close').click();
	await expect(conversation(bob.page).getByText('Declined')).toBeVisible();

	await button(ana.page, 'Start voice call').click();
	await expect(incoming(bob.page, ana, 'Voice')).toBeVisible();
	await button(screen(ana.page, bob), 'Hang up').click();
	await expect(incoming(bob.page, ana, 'Voice')).toBeHidden({ timeout: 1_500 });
	await expect(conversation(ana.page).getByText('Cancelled')).toBeVisible();
	await expect(conversation(bob.page).getByText('Missed')).toBeVisible();

	await button(ana.page, 'Start video call').click();
	await expect(incoming(bob.page, ana)).toBeVisible();
	await expect(screen(ana.page, bob)).toContainText('No answer', { timeout: 15_000 });
	await expect(incoming(bob.page, ana)).toBeHidden();
	await expect(conversation(bob.page).getByText('Missed')).toHaveCount(2);
	expect(await lights(ana.page)).toBe(0);

	// One tap calls back.
	await conversation(bob.page).getByRole('button', { name: 'Call back' }).last().click();
	await expect(incoming(ana.page, bob)).toBeVisible();
});

test('answered in one tab, it stops ringing in the other', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	const other = await bob.context.newPage();
	await other.goto(bob.page.url());
	await expect(button(other, 'Start voice call')).toBeEnabled();
	await button(ana.page, 'Start voice call').click();
	await expect(incoming(other, ana, 'Voice')).toBeVisible();
	await button(incoming(bob.page, ana, 'Voice'), 'Answer').click();
	await expect(incoming(other, ana, 'Voice')).toContainText('Answered on another device', { timeout: 1_500 });
	await expect(incoming(other, ana, 'Voice')).toBeHidden();
	await expectMedia(ana.page, false);
});

test('both calling at once is one call', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await Promise.all([ana, bob].map(({ page }) => button(page, 'Start video call').click()));
	// Who was quick enough to see it ring answers; otherwise their own call was the answer.
	for (const { page } of [ana, bob])
		void button(page, 'Answer')
			.click({ timeout: 8_000 })
			.catch(() => {});
	await expectMedia(ana.page);
	await expectMedia(bob.page);
	await expect(conversation(ana.page).getByText('Video call')).toHaveCount(1);
});

test('the signalling line may break without the call', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await connect(ana, bob);
	await ana.context.setOffline(true);
	await ana.page.waitForTimeout(3_000); // how long the line is away
	await ana.context.setOffline(false);
	await expectMedia(ana.page);
	await expectMedia(bob.page);
	await button(screen(ana.page, bob), 'Hang up').click();
	await expect(screen(bob.page, ana)).toContainText('Call ended');
});

test('the path may break: another one is found', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await connect(ana, bob);
	const ufrag = () => bob.page.evaluate(() => /ufrag:(\S+)/.exec(seen.peers[0]!.localDescription!.sdp)![1]);
	const before = await ufrag();
	// As after a change of network.
	await bob.page.evaluate(() => dispatchEvent(new Event('online')));
	await expect.poll(ufrag).not.toBe(before);
	await expectMedia(ana.page);
	await expectMedia(bob.page);
});

test('a refused camera is said, and the call goes on with the voice', async ({ friends: { ana, bob } }) => {
	await bob.page.addInitScript(() => {
		const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
		navigator.mediaDevices.getUserMedia = async (wish) => {
			if (wish?.video) throw new DOMException('no', 'NotAllowedError');
			return real(wish);
		};
	});
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start video call').click();
	await button(incoming(bob.page, ana), 'Answer').click();
	await expect(screen(bob.page, ana)).toContainText('may not use the camera');
	await expectMedia(bob.page);
	await expectMedia(ana.page, false);
});

test('a call that rang when the server was killed is a missed call', async ({ friends, server }) => {
	const { ana, bob } = friends;
	await bothInRoom(friends);
	await button(ana.page, 'Start voice call').click();
	await expect(incoming(bob.page, ana, 'Voice')).toBeVisible();
	await server.kill();
	await server.start();
	await expect(conversation(bob.page).getByText('Missed')).toBeVisible({ timeout: 40_000 });
	await expect(incoming(bob.page, ana, 'Voice')).toBeHidden({ timeout: 20_000 });
});
