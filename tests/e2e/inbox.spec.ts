import {
	accept,
	composer,
	conversation,
	deleteShown,
	entry,
	expect,
	invite,
	openChat,
	say,
	test,
	type Person,
} from './fixtures.ts';
import type { Page } from '@playwright/test';

test('what is said moves a room to the top of every page of both, and reading clears it everywhere', async ({
	friends: { ana, bob },
	newcomer,
}) => {
	const eve = await newcomer('eve');
	await invite(ana, eve);
	await accept(eve, ana);
	await ana.page.goto('/chats');
	const contacts = await ana.context.newPage();
	await contacts.goto('/contacts');
	const first = ana.page.getByRole('list', { name: 'Chats' }).getByRole('listitem').first();
	await expect(first).toContainText(eve.name);

	await openChat(bob.page, ana);
	await say(bob.page, 'hello ana');
	await expect(first).toContainText(bob.name);
	await expect(first).toContainText('hello ana');
	await expect(first).toContainText('1 unread');
	for (const page of [ana.page, contacts]) await expect(page).toHaveTitle(/^\(1\) /);
	// Through the Inbox alone it has reached her.
	await expect(bob.page.getByText('Delivered', { exact: true })).toBeVisible();

	const inRoom = await ana.context.newPage();
	await inRoom.goto('/chats');
	await openChat(inRoom, bob);
	await expect(bob.page.getByText('Seen', { exact: true })).toBeVisible();
	await expect(first).not.toContainText('unread');
	for (const page of [ana.page, contacts]) await expect(page).not.toHaveTitle(/^\(\d/);
});

/** The head of the open conversation. */
const headerOf = (page: Page, friend: Person) =>
	page.locator('header').filter({ has: page.getByRole('heading', { name: friend.name, exact: true }) });

test('friends see when somebody is there, writes, and has gone', async ({ friends: { ana, bob } }) => {
	await openChat(ana.page, bob);
	const header = headerOf(ana.page, bob);
	await expect(header).toContainText('Active now');
	await openChat(bob.page, ana);
	await composer(bob.page).pressSequentially('I am', { delay: 30 });
	await expect(header).toContainText(`${bob.name} is typing…`);
	await say(bob.page, 'I am here');
	await expect(header).not.toContainText('typing');
	await bob.context.close();
	await expect(header).toContainText(/Active \d+ min ago/, { timeout: 60_000 });
});

test('P4: in a conversation it is seen whether the other is in it too', async ({ friends: { ana, bob } }) => {
	await openChat(ana.page, bob);
	const header = headerOf(ana.page, bob);
	await expect(header).toContainText('Active now');
	await openChat(bob.page, ana);
	await expect(header).toContainText('Here now');
	await expect(headerOf(bob.page, ana)).toContainText('Here now');
	await bob.page.goto('/contacts');
	await expect(header).toContainText('Active now');
});

test('P1: whoever records is seen recording, and no longer when they stop', async ({
	friends: { ana, bob },
}) => {
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	const status = headerOf(ana.page, bob).getByRole('status');
	await bob.page.getByRole('button', { name: 'Record voice message' }).click();
	await expect(status).toHaveText(`${bob.name} is recording…`);
	// Longer than one hint lasts.
	await expect(bob.page.getByRole('region', { name: 'Voice message' }).getByText('0:08')).toBeVisible();
	await expect(status).toHaveText(`${bob.name} is recording…`);
	await bob.page.getByRole('button', { name: 'Stop recording' }).click();
	await expect(status).toHaveText('');
});

test('R2: when a message was seen can be read, in another tab and before any JavaScript too', async ({
	friends: { ana, bob },
}) => {
	await openChat(ana.page, bob);
	await say(ana.page, 'seen?');
	await openChat(bob.page, ana);
	const seen = ana.page.getByText('Seen', { exact: true });
	const when = /^[A-Z][a-z]+day.+ \d{4} at \d\d:\d\d$/;
	await expect(seen).toHaveAttribute('title', when);
	const title = await seen.getAttribute('title');
	await expect(seen.locator('+ *')).toHaveText(title!);
	const html = await (await ana.context.request.get(ana.page.url())).text();
	expect(html).toContain(`title="${title}">Seen<`);
});

test('an invitation shows on every page, and accepting it opens the room on both sides', async ({
	newcomer,
}) => {
	const ana = await newcomer('ana');
	const bob = await newcomer('bob');
	await bob.page.goto('/settings');
	await invite(ana, bob);
	await expect(bob.page).toHaveTitle(/^\(1\) /);
	await ana.page.goto('/chats');
	await accept(bob, ana);
	await expect(bob.page).not.toHaveTitle(/^\(\d/);
	await expect(entry(ana.page, 'Chats', bob.name)).toBeVisible();
});

test('news that come while a page is on its way do not stop it', async ({
	friends: { ana, bob },
	newcomer,
}) => {
	const eve = await newcomer('eve');
	let loads = 0;
	const release = Promise.withResolvers<void>();
	await ana.page.route(/\/chats\/[^/]+\/__data\.json/, async (route) => {
		loads++;
		await release.promise;
		await route.continue();
	});
	await entry(ana.page, 'Chats', bob.name).getByRole('link').first().click();
	await expect.poll(() => loads).toBe(1);
	await invite(eve, ana);
	await expect(ana.page).toHaveTitle(/^\(1\) /);
	release.resolve();
	await expect(composer(ana.page)).toBeEnabled();
});

test('one sound and one notification for a room that nobody looks at, and none for a muted one', async ({
	friends: { ana, bob },
}) => {
	await ana.context.grantPermissions(['notifications']);
	await ana.context.addInitScript(() => {
		const shown: string[] = [];
		class Fake {
			static permission = 'granted';
			static requestPermission = async () => 'granted';
			constructor(title: string, options: { body: string }) {
				shown.push(`${title}: ${options.body}`);
			}
			close() {
				shown.push('closed');
			}
		}
		Object.assign(window, { Notification: Fake, shown });
	});
	const other = await ana.context.newPage();
	await ana.page.goto('/contacts');
	await other.goto('/settings');
	const shown = async () =>
		(
			await Promise.all(
				[ana.page, other].map((page) => page.evaluate(() => (window as never)['shown'] as string[])),
			)
		).flat();

	await openChat(bob.page, ana);
	await say(bob.page, 'are you there?');
	await expect.poll(shown).toEqual([`${bob.name}: are you there?`]);

	await openChat(other, bob);
	await expect.poll(shown).toEqual([`${bob.name}: are you there?`, 'closed']);
	await other.getByRole('button', { name: 'More', exact: true }).click();
	await other.getByRole('button', { name: 'Mute', exact: true }).click();
	await other.goto('/chats');
	await expect(entry(other, 'Chats', bob.name)).toContainText('Muted');
	await say(bob.page, 'and now?');
	await expect(entry(other, 'Chats', bob.name)).toContainText('and now?');
	await other.waitForTimeout(2_000); // nothing should come: a notification would have by now
	expect((await shown()).filter((line) => line.includes('and now?'))).toEqual([]);
});

test('A1: everything that was said is in the archive, and of what was deleted only that', async ({
	friends: { ana, bob },
	server,
}) => {
	await openChat(ana.page, bob);
	await openChat(bob.page, ana);
	await say(ana.page, 'keep this');
	await say(bob.page, 'but not this');
	await conversation(bob.page).getByText('but not this').hover();
	await deleteShown(bob.page);
	const { code, said } = await server.verifyArchive();
	expect(said).toMatch(/^The archive is complete: [1-9]\d* entries of [1-9]\d* rooms, no difference\.\n$/);
	expect(code).toBe(0);
});
