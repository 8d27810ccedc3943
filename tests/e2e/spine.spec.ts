import {
	accept,
	composer,
	conversation,
	entry,
	expect,
	expectMessages,
	expectSent,
	invite,
	logIn,
	openChat,
	RECONNECTED,
	register,
	say,
	search,
	test,
} from './fixtures.ts';

test('two strangers register, find each other, become friends and talk', async ({ visitor }) => {
	const [ana, bob] = [await visitor('ana'), await visitor('bob')];
	for (const one of [ana, bob]) await register(one.page, one);

	// A typo is forgiven.
	await search(ana.page, bob.name.replace('bob', 'bop'));
	await expect(entry(ana.page, 'People', bob.name)).toBeVisible();
	await expect(entry(ana.page, 'People', ana.name)).toHaveCount(0);

	await invite(ana, bob);
	await bob.page.goto('/chats');
	await expect(bob.page.getByRole('link', { name: /invitation/i }).first()).toContainText('1');
	await accept(bob, ana);

	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	expect(bob.page.url()).toBe(ana.page.url());

	await say(ana.page, 'said: Hello bob');
	await expectMessages(bob.page, 'said: ', ['said: Hello bob']);
	await expectSent(ana.page);
	await say(bob.page, 'said: Hello ana');
	await expectMessages(ana.page, 'said: ', ['said: Hello bob', 'said: Hello ana']);
	await say(ana.page, 'said: <b>not bold</b> & https://example.com');
	await expectMessages(bob.page, 'said: ', [
		'said: Hello bob',
		'said: Hello ana',
		'said: <b>not bold</b> & https://example.com',
	]);
});

test('two tabs of one person agree, and a reload keeps everything', async ({ friends: { ana, bob } }) => {
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	const other = await ana.context.newPage();
	await other.goto(ana.page.url());
	await expect(composer(other)).toBeEnabled();

	await say(ana.page, 'tab 1');
	await expectMessages(other, 'tab ', ['tab 1']);
	await say(other, 'tab 2');
	await say(bob.page, 'tab 3');
	const all = ['tab 1', 'tab 2', 'tab 3'];
	for (const page of [ana.page, other, bob.page]) await expect(conversation(page)).toContainText('tab 3');
	for (const page of [ana.page, other, bob.page]) {
		const shown = await conversation(page)
			.getByText(/^tab \d$/)
			.allInnerTexts();
		expect(shown.toSorted()).toEqual(all);
	}
	const order = await conversation(ana.page)
		.getByText(/^tab \d$/)
		.allInnerTexts();
	for (const page of [ana.page, other, bob.page]) {
		await page.reload();
		await expectMessages(page, 'tab ', order);
	}
});

test('everything dies in mid-conversation and is started again: nothing is missing or doubled', async ({
	friends: { ana, bob },
	server,
}) => {
	test.slow();
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	const said: string[] = [];
	const next = (speaker: string) => {
		const text = `number ${said.length + 1} by ${speaker}`;
		said.push(text);
		return text;
	};
	for (let round = 0; round < 3; round++) {
		await say(ana.page, next('ana'));
		await expectMessages(bob.page, 'number ', said);
		await say(bob.page, next('bob'));
		await expectMessages(ana.page, 'number ', said);
	}

	// The last ones are on their way when it dies, and one is written while it is dead.
	await say(ana.page, next('ana'));
	await server.kill();
	await say(ana.page, next('ana'));
	await server.start();

	for (const { page } of [ana, bob]) await expectMessages(page, 'number ', said, RECONNECTED);
	await expectSent(ana.page);
	await say(bob.page, next('bob'));
	for (const { page } of [ana, bob]) await expectMessages(page, 'number ', said);
	for (const { page } of [ana, bob]) {
		await page.reload();
		await expectMessages(page, 'number ', said);
	}
});

test('somebody logs out, and in again by name or by email', async ({ newcomer }) => {
	const { page, name, email, password } = await newcomer('ana');
	await page.goto('/settings');
	await page.getByRole('button', { name: 'Log out', exact: true }).last().click();
	await page.goto('/chats');
	await expect(page).toHaveURL(/\/login/);

	await logIn(page, name, 'not the passphrase at all');
	await expect(page.getByRole('alert').first()).toBeVisible();
	await expect(page).toHaveURL(/\/login/);

	await logIn(page, name.toUpperCase(), password);
	await page.waitForURL('**/chats');
	await page.context().clearCookies();
	await logIn(page, email, password);
	await page.waitForURL('**/chats');
});

test('an invitation can be taken back, and refused without its sender hearing of it', async ({
	newcomer,
}) => {
	const ana = await newcomer('ana');
	const bob = await newcomer('bob');
	await invite(ana, bob);
	await entry(ana.page, 'People', bob.name).getByRole('button', { name: 'Cancel invitation' }).click();
	await expect(entry(ana.page, 'People', bob.name).getByRole('button', { name: 'Invite' })).toBeVisible();
	await bob.page.goto('/invitations');
	await expect(entry(bob.page, 'Invitations', ana.name)).toHaveCount(0);

	await invite(ana, bob);
	await bob.page.goto('/invitations');
	await entry(bob.page, 'Invitations', ana.name).getByRole('button', { name: 'Decline' }).click();
	await expect(entry(bob.page, 'Invitations', ana.name)).toHaveCount(0);
	await ana.page.goto('/invitations');
	await expect(
		entry(ana.page, 'Invitations', bob.name).getByRole('button', { name: 'Cancel invitation' }),
	).toBeVisible();
});
