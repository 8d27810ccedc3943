import { bothInRoom, button, expectMedia, incoming, screen } from './call.ts';
import { expect, expectAccessible, test } from './fixtures.ts';

// It rings for as long as looking at it takes.
test.use({ settings: { CALL_RING_SECONDS: '170' } });

test('nothing about a call stands in the way of assistive technology', async ({ friends: { ana, bob } }) => {
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start video call').click();
	await expect(incoming(bob.page, ana)).toBeVisible();
	await expectAccessible(bob.page);
	await button(incoming(bob.page, ana), 'Answer').click();
	await expectMedia(bob.page);
	await expectAccessible(bob.page);
	await button(screen(ana.page, bob), 'Hang up').click();
	await expect(screen(bob.page, ana)).toBeHidden();
	await expectAccessible(bob.page);
});
