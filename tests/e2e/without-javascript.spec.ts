import {
	accept,
	composer,
	entry,
	expect,
	expectMessages,
	invite,
	logIn,
	openChat,
	register,
	say,
	test,
} from './fixtures.ts';

test('without JavaScript: register, find, invite, accept, read and write', async ({ visitor }) => {
	const [ana, bob] = [
		await visitor('ana', { javaScriptEnabled: false }),
		await visitor('bob', { javaScriptEnabled: false }),
	];
	for (const one of [ana, bob]) await register(one.page, one);
	await invite(ana, bob);
	await accept(bob, ana);

	await openChat(ana.page, bob);
	await say(ana.page, 'plain: hello');
	await expectMessages(ana.page, 'plain: ', ['plain: hello']);
	await expect(composer(ana.page)).toHaveValue('');

	await openChat(bob.page, ana);
	await expectMessages(bob.page, 'plain: ', ['plain: hello']);
	await say(bob.page, 'plain: hello yourself');
	await ana.page.reload();
	await expectMessages(ana.page, 'plain: ', ['plain: hello', 'plain: hello yourself']);

	await ana.context.clearCookies();
	await logIn(ana.page, ana.email, ana.password);
	await expect(entry(ana.page, 'Chats', bob.name)).toBeVisible();
});

test('without JavaScript: what was typed wrongly is said beside the field and kept', async ({ newcomer }) => {
	const { page, name } = await newcomer('ana', { javaScriptEnabled: false });
	await page.context().clearCookies();
	await page.goto('/register');
	await page.getByRole('textbox', { name: 'Username', exact: true }).fill(name);
	await page.getByRole('textbox', { name: 'Email', exact: true }).fill('somebody-else@example.com');
	await page.getByLabel('Password', { exact: true }).fill('a long enough passphrase');
	await page.getByRole('button', { name: 'Create account' }).click();
	await expect(page.getByRole('textbox', { name: 'Username', exact: true })).toHaveValue(name);
	await expect(page.getByRole('textbox', { name: 'Username', exact: true })).toHaveAttribute(
		'aria-invalid',
		'true',
	);
	await expect(page).toHaveURL(/\/register/);
});
