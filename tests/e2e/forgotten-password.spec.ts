import { expect, expectAccessible, identity, logIn, register, test } from './fixtures.ts';

test('somebody who forgot their password gets a link, chooses another, and the old one is worth nothing', async ({
	newcomer,
	browser,
	server,
	baseURL,
}) => {
	const ana = await newcomer('ana');
	const elsewhere = await browser.newContext({ baseURL: baseURL!, javaScriptEnabled: false });
	const page = await elsewhere.newPage();
	await page.goto('/login');
	await page.getByRole('link', { name: 'Forgot password?' }).click();
	const send = page.getByRole('button', { name: 'Send link' });
	const sent = page.getByText('If there is an account with this email address');

	await page.getByRole('textbox', { name: 'Email' }).fill('nobody@example.com');
	await send.click();
	await expect(sent).toBeVisible();
	await page.goto('/forgot');
	await page.getByRole('textbox', { name: 'Email' }).fill(ana.email);
	await send.click();
	await expect(sent).toBeVisible(); // the same answer

	const mailed = new RegExp(`Mail to ${ana.email}[^]*?(/reset/[\\w-]+)`);
	await expect.poll(() => mailed.exec(server.output)?.[1] ?? null).not.toBeNull();
	expect(server.output).not.toContain('Mail to nobody@example.com');
	const link = mailed.exec(server.output)![1]!;

	await page.goto(link);
	await page.getByLabel('Password', { exact: true }).fill('short');
	await page.getByRole('button', { name: 'Save password' }).click();
	await expect(page.getByText('At least 8 characters, please.')).toBeVisible();
	await page.getByLabel('Password', { exact: true }).fill('another passphrase');
	await page.getByRole('button', { name: 'Save password' }).click();
	await page.waitForURL('**/chats');

	await page.context().clearCookies();
	await page.goto(link);
	await expect(page.getByText('This link has been used already')).toBeVisible();
	await logIn(page, ana.name, ana.password);
	await expect(page.getByText('do not belong together')).toBeVisible();
	await logIn(page, ana.email, 'another passphrase');
	await page.waitForURL('**/chats');
	await elsewhere.close();
});

test('axe finds nothing on the way to a new password', async ({ page }) => {
	test.slow();
	await page.goto('/forgot');
	await expectAccessible(page);
	await page.goto('/reset/made-up');
	await expect(page.getByText('This link has been used already')).toBeVisible();
	await expectAccessible(page);
	const person = identity('ana');
	await register(page, person);
	await page.goto('/forgot');
	await page.waitForURL('**/chats'); // nothing to forget while logged in
});
