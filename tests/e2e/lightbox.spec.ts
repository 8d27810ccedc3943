import { conversation, expect, expectAccessible, expectSent, test } from './fixtures.ts';
import { attach, button, finger, fixture, photos, sendChosen, talk } from './media.ts';

test.use({ permissions: ['camera', 'microphone'] });

const CHOSEN = [
	{ name: 'one.png', mimeType: 'image/png', buffer: fixture('plain.png') },
	{ name: 'two.jpg', mimeType: 'image/jpeg', buffer: fixture('plain.jpg') },
	{ name: 'three.webp', mimeType: 'image/webp', buffer: fixture('lossy.webp') },
];

test('pictures are looked at with the keyboard, told to those who do not see them, and downloaded', async ({
	friends,
}) => {
	const { ana, bob } = await talk(friends);
	await attach(ana, ...CHOSEN);
	await sendChosen(ana, 'The garden');
	await expectSent(ana);
	await expect(photos(bob)).toHaveCount(3);
	const first = conversation(bob).getByRole('link', { name: 'The garden' });
	await first.focus();
	await bob.keyboard.press('Enter');
	const viewer = bob.getByRole('dialog', { name: 'Photos' });
	await expect(viewer).toHaveClass(/pswp--open/);
	await expect(viewer.getByText('The garden, 1 of 3')).toBeAttached();
	await expect(viewer.getByText('The garden', { exact: true })).toBeVisible();
	await expect(viewer.locator('.pswp__img').first()).toBeVisible();
	await expectAccessible(bob);

	await bob.keyboard.press('ArrowRight');
	await expect(viewer.getByText(`Photo from ${friends.ana.name}, 2 of 3`)).toBeAttached();
	await expect(viewer.getByText('The garden', { exact: true })).toBeHidden();
	await bob.keyboard.press('ArrowRight');
	await expect(viewer.getByText(/, 3 of 3$/)).toBeAttached();
	await button(viewer, 'Previous photo').click();
	await expect(viewer.getByText(/, 2 of 3$/)).toBeAttached();

	const arriving = bob.waitForEvent('download');
	await viewer.getByRole('link', { name: 'Download' }).click();
	expect((await arriving).suggestedFilename()).toBe('kith.webp');

	await expect(async () => {
		await bob.keyboard.press('Escape');
		await expect(viewer).toHaveCount(0, { timeout: 1_000 });
	}).toPass();
	await expect(first).toBeFocused();
});

test.describe('on a touch screen', () => {
	test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

	test('a finger swipes from one picture to the next, and back', async ({ friends }) => {
		const { ana, bob } = await talk(friends);
		await attach(ana, ...CHOSEN);
		await sendChosen(ana);
		await expect(photos(bob)).toHaveCount(3);
		await photos(bob).first().tap();
		const viewer = bob.getByRole('dialog', { name: 'Photos' });
		await expect(viewer.getByText(/, 1 of 3$/)).toBeAttached();
		const touch = await finger(bob);
		const swipe = async (by: number) => {
			await touch.down(viewer);
			await touch.slide(by);
			await touch.lift();
		};
		// While it opens or slides it hears nothing.
		await expect(async () => {
			await swipe(-220);
			await expect(viewer.getByText(/, 2 of 3$/)).toBeAttached({ timeout: 1_000 });
		}).toPass();
		await expect(async () => {
			await swipe(220);
			await expect(viewer.getByText(/, 1 of 3$/)).toBeAttached({ timeout: 1_000 });
		}).toPass();
	});
});
