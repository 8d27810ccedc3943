import type { Page } from '@playwright/test';
import { composer, conversation, expect, expectMessages, say } from './fixtures.ts';
import { connected, message, test, texts, top } from './room.ts';

const lines = (from: number, to: number) =>
	Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`);

/** Scrolls as somebody does, and waits until it rests. */
async function wheel(page: Page, by: number): Promise<void> {
	await conversation(page).hover();
	await page.mouse.wheel(0, by);
	await page.waitForTimeout(250); // a wheel that reaches an end scrolls nothing, and no event says so
}

const drawn = (page: Page) => conversation(page).locator('[data-entry]').count();

test('older messages come while scrolling up, what is read stays where it is, and the page stays small', async ({
	talk,
}) => {
	test.slow();
	const { ana, fill } = await talk();
	await fill(420);
	const page = await ana.open();
	expect(await texts(page, 'line ')).toEqual(lines(371, 420));

	// The answer to the next page waits until the test has looked where things are.
	await message(page, 'line 380').evaluate((element) => element.scrollIntoView({ block: 'center' }));
	const before = await top(page, 'line 380');
	await expect(message(page, 'line 330')).toHaveCount(1);
	expect(await top(page, 'line 380')).toBeCloseTo(before, 0);

	// Something above grows late, as a picture without measures would; then something below.
	await message(page, 'line 345').evaluate((element) => (element.style.paddingBlockEnd = '333px'));
	await page.waitForTimeout(100); // nothing should move: there is no event to wait for
	expect(await top(page, 'line 380')).toBeCloseTo(before, 0);
	await message(page, 'line 410').evaluate((element) => (element.style.paddingBlockEnd = '222px'));
	await page.waitForTimeout(100); // nothing should move: there is no event to wait for
	expect(await top(page, 'line 380')).toBeCloseTo(before, 0);

	// And something new comes at the end.
	await ana.say('line 421');
	await expect(message(page, 'line 421')).toHaveCount(1);
	expect(await top(page, 'line 380')).toBeCloseTo(before, 0);

	let most = 0;
	for (let turn = 0; turn < 60 && (await message(page, 'line 1').count()) === 0; turn++) {
		await wheel(page, -1_500);
		most = Math.max(most, await drawn(page));
	}
	await expect(message(page, 'line 1')).toHaveCount(1);
	await expect(conversation(page).getByText('This is where it began.')).toHaveCount(1);
	expect(most).toBeLessThanOrEqual(300);
	expect(await drawn(page)).toBeLessThanOrEqual(200);
	expect(await texts(page, 'line ')).toEqual(lines(1, await drawn(page)));

	// Down again by scrolling: nothing is missing on the way.
	let seen = 1;
	for (let turn = 0; turn < 80 && (await message(page, 'line 421').count()) === 0; turn++) {
		await wheel(page, 1_500);
		const now = (await texts(page, 'line ')).map((text) => Number(text.slice(5)));
		expect(now).toEqual(Array.from({ length: now.length }, (_, at) => now[0]! + at));
		expect(now[0]).toBeLessThanOrEqual(seen);
		seen = now.at(-1)!;
		expect(now.length).toBeLessThanOrEqual(300);
	}
	await expect(message(page, 'line 421')).toHaveCount(1);
});

test('while somebody reads above, what is new is counted, and one press leads to it', async ({ talk }) => {
	const { ana, bob, fill } = await talk();
	await fill(60);
	const page = await ana.open();
	await wheel(page, -900);
	const jump = page.getByRole('button', { name: 'Jump to latest' });
	await expect(jump).toBeVisible();
	const [read] = await texts(page, 'line 5');
	const before = await top(page, read!);
	await bob.say('news 1');
	await expect(jump).toContainText('1 new message');
	await bob.say('news 2');
	const id = crypto.randomUUID();
	await bob.say('news 3', id);
	await expect(jump).toContainText('3 new messages');
	await bob.takeBack(id);
	await expect(jump).toContainText('2 new messages');
	expect(await top(page, read!)).toBeCloseTo(before, 0);
	await expect(conversation(page).getByText('New messages', { exact: true })).toHaveCount(1);

	await jump.click();
	await expect(message(page, 'news 2')).toBeInViewport();
	await expect(jump).toBeHidden();
	await bob.say('news 4');
	await expect(message(page, 'news 4')).toBeInViewport();
	await wheel(page, -900);
	await expect(jump).toBeVisible();
	await expect(jump).not.toContainText('new');
	// What I say myself is shown wherever I was.
	await say(page, 'mine');
	await expect(message(page, 'mine')).toBeInViewport();
});

test('reading begins where it ended', async ({ talk }) => {
	const { ana, bob, room } = await talk();
	for (let n = 1; n <= 30; n++) await bob.say(`old ${n}`);
	const page = await ana.open();
	await page.getByRole('button', { name: 'Jump to latest' }).click();
	await expect(message(page, 'old 30')).toBeInViewport();
	await page.waitForTimeout(1_000); // the mark of what was read is on its way
	await page.goto('/chats');

	for (let n = 1; n <= 70; n++) await bob.say(`new ${n}`);
	await page.goto(`/chats/${room}`);
	await connected(page);
	const divider = conversation(page).getByText('New messages', { exact: true });
	await expect(divider).toBeInViewport();
	await expect(message(page, 'new 1')).toBeInViewport();
	await expect(message(page, 'new 70')).not.toBeInViewport();
	await expect(page.getByRole('button', { name: 'Jump to latest' })).toContainText('new messages');
	await page.getByRole('button', { name: 'Jump to latest' }).click();
	await expect(message(page, 'new 70')).toBeInViewport();
	await say(page, 'read it all');
	await expect(divider).toHaveCount(0);
});

test('R1 sent, then delivered, then seen; R2 seen only when it was really on the screen', async ({
	talk,
}) => {
	const { ana, bob } = await talk();
	const page = await ana.open();
	const state = conversation(page).getByText(/^(Sending|Sent|Delivered|Seen)$/);
	await say(page, 'look at this');
	await expect(state).toHaveText(['Sent']);

	// Bob's page is there, and nobody looks at it.
	await bob.context.addInitScript(() => {
		let looks = sessionStorage.getItem('looks') === 'yes';
		document.hasFocus = () => looks;
		Object.assign(window, {
			look: () => {
				looks = true;
				sessionStorage.setItem('looks', 'yes');
				dispatchEvent(new Event('focus'));
			},
		});
	});
	const friend = await bob.open();
	await expect(state).toHaveText(['Delivered']);
	await page.waitForTimeout(1_000); // nothing should come: a mark would have by now
	await expect(state).toHaveText(['Delivered']);
	await page.reload();
	await expect(state).toHaveText(['Delivered']);
	await friend.evaluate(() => (window as unknown as { look(): void }).look());
	await expect(state).toHaveText(['Seen']);
	await page.reload();
	await expect(state).toHaveText(['Seen']);
	await connected(page);

	// Bob looks, but further up.
	for (let n = 1; n <= 60; n++) await bob.say(`line ${n}`);
	await wheel(friend, -1_200);
	await say(page, 'and at this');
	await expect(state).toHaveText(['Delivered']);
	await page.waitForTimeout(1_000); // nothing should come: a mark would have by now
	await expect(state).toHaveText(['Delivered']);
	await friend.getByRole('button', { name: 'Jump to latest' }).click();
	await expect(state).toHaveText(['Seen']);
});

test('without JavaScript: reading back page by page, and deleting', async ({ talk }) => {
	const { ana, fill } = await talk({ javaScriptEnabled: false });
	await fill(120);
	const { page } = ana;
	await page.goto('/chats');
	await page.getByRole('list', { name: 'Chats' }).getByRole('link').first().click();
	await expectMessages(page, 'line ', lines(71, 120));
	await page.getByRole('link', { name: 'Older messages' }).click();
	await expectMessages(page, 'line ', lines(21, 70));

	await message(page, 'line 60').hover();
	await message(page, 'line 60').getByRole('button', { name: 'Delete message' }).click();
	await page.getByRole('link', { name: 'Keep' }).click();
	await expectMessages(page, 'line ', lines(21, 70));
	await message(page, 'line 60').hover();
	await message(page, 'line 60').getByRole('button', { name: 'Delete message' }).click();
	await page.getByText('Delete this message?').waitFor();
	await page.locator('form[action="?/delete"]').getByRole('button', { name: 'Delete message' }).click();
	await expectMessages(
		page,
		'line ',
		lines(21, 70).filter((line) => line !== 'line 60'),
	);
	await expect(conversation(page).getByText('Message deleted')).toHaveCount(1);

	await page.getByRole('link', { name: 'Older messages' }).click();
	await expectMessages(page, 'line ', lines(1, 20));
	await page.getByRole('link', { name: 'Back to the latest messages' }).click();
	await expectMessages(page, 'line ', lines(71, 120));
	await expect(composer(page)).toBeVisible();
});
