import type { Page } from '@playwright/test';
import { composer, conversation, expect, expectMessages, logIn, say } from './fixtures.ts';
import { test, type Talker } from './room.ts';

/* D4 as people see it: what ends, ends at once, in every page that is open. */

/** Waits until a page has been taken to the log-in page by itself. */
async function expectOut(page: Page): Promise<void> {
	await page.waitForURL(/\/login/);
	await expect(page.getByRole('textbox', { name: 'Username or email', exact: true })).toBeVisible();
}

/** A second browser of the same person, in the same room. */
async function elsewhere(person: Talker, password: string, browser: Talker['context']): Promise<Page> {
	const page = await browser.newPage();
	await logIn(page, person.name, password);
	await page.waitForURL('**/chats');
	return page;
}

const PASSWORD = 'a long enough passphrase';

test('D4: a device that is logged out from the list of devices is out at once, wherever it is', async ({
	talk,
	browser,
	baseURL,
}) => {
	const { ana, bob, room } = await talk();
	const phone = await browser.newContext({
		...(baseURL === undefined ? {} : { baseURL }),
		userAgent:
			'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
	});
	const inRoom = await elsewhere(ana, PASSWORD, phone);
	await inRoom.goto(`/chats/${room}`);
	await expect(composer(inRoom)).toBeEditable();
	const inList = await phone.newPage();
	await inList.goto('/contacts');

	const friend = await bob.open();
	await ana.page.goto('/settings');
	const devices = ana.page.getByRole('list', { name: 'Signed-in devices' }).getByRole('listitem');
	// By the API when she registered, here, and on the phone.
	await expect(devices).toHaveCount(3);
	await expect(devices.filter({ hasText: 'This device' })).toHaveCount(1);
	const onPhone = devices.filter({ hasText: 'iPhone' });
	await onPhone.getByRole('button', { name: /^Log out/ }).click();
	await expect(onPhone).toHaveCount(0);
	for (const page of [inRoom, inList]) await expectOut(page);
	await inRoom.goto(`/chats/${room}`);
	await expectOut(inRoom);

	// Nobody else is.
	await expect(devices).toHaveCount(2);
	const here = await ana.open();
	await say(here, 'door: still here');
	await expectMessages(friend, 'door: ', ['door: still here']);
	await phone.close();
});

test('D4: a new password logs the other devices out at once, and the old one opens nothing', async ({
	talk,
	browser,
	baseURL,
}) => {
	const { ana, room } = await talk();
	const other = await browser.newContext(baseURL === undefined ? {} : { baseURL });
	const page = await elsewhere(ana, PASSWORD, other);
	await page.goto(`/chats/${room}`);
	await expect(composer(page)).toBeEditable();

	await ana.page.goto('/settings');
	const change = async (current: string, next: string) => {
		await ana.page.getByLabel('Current password', { exact: true }).fill(current);
		await ana.page.getByLabel('New password', { exact: true }).fill(next);
		await ana.page.getByRole('button', { name: 'Change password' }).click();
	};
	await change('not the old one', 'quite another passphrase');
	await expect(ana.page.getByText('That is not your password.')).toBeVisible();
	await expect(composer(page)).toBeEditable();
	await change(PASSWORD, 'quite another passphrase');
	await expect(ana.page.getByText('Other devices have been logged out.')).toBeVisible();
	await expectOut(page);

	await logIn(page, ana.name, PASSWORD);
	await expect(page.getByText('Username and password do not belong together.')).toBeVisible();
	await logIn(page, ana.name, 'quite another passphrase');
	await page.waitForURL('**/chats');
	await ana.page.reload();
	await expect(ana.page).toHaveURL(/\/settings$/);
	await other.close();
});

test('D4: a friendship that ends leaves the other with what was said, and nothing to write with', async ({
	talk,
}) => {
	const { ana, bob, room } = await talk();
	await ana.say('ends: one');
	await bob.say('ends: two');
	const [page, friend] = [await ana.open(), await bob.open()];
	await composer(friend).fill('ends: too late');

	await page.getByRole('button', { name: 'More', exact: true }).click();
	await page.getByRole('button', { name: 'Remove friend' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Remove friend' }).click();

	for (const one of [page, friend]) {
		await expect(one.getByText('are no longer friends')).toBeVisible();
		await expect(composer(one)).toHaveCount(0);
		await expectMessages(one, 'ends: ', ['ends: one', 'ends: two']);
		await one.reload();
		await expect(one.getByText('are no longer friends')).toBeVisible();
		await expect(composer(one)).toHaveCount(0);
		await expectMessages(one, 'ends: ', ['ends: one', 'ends: two']);
	}
	const sent = await bob.client.call('put /api/rooms/{room}/messages/{id}', {
		path: { room, id: 'after-the-end' },
		body: { body: { kind: 'text', text: 'ends: not heard' } },
	});
	expect(sent.status).toBe(403);
});

test('D4: whoever is suspended is out at once and cannot come back until that is lifted', async ({
	talk,
	server,
}) => {
	const { ana, bob, room } = await talk();
	const [page, friend] = [await ana.open(), await bob.open()];
	const settings = await bob.context.newPage();
	await settings.goto('/settings');
	expect(await server.suspend(bob.name)).toContain('is suspended');
	for (const one of [friend, settings]) await expectOut(one);
	await logIn(friend, bob.name, PASSWORD);
	await expect(friend.getByText('Username and password do not belong together.')).toBeVisible();
	expect((await bob.client.call('get /api/me')).status).toBe(401);

	// His friend notices nothing.
	await say(page, 'door: are you there?');
	await expect(conversation(page).getByText('Sent', { exact: true })).toBeVisible();

	expect(await server.suspend(bob.name, '--lift')).toContain('may log in again');
	await logIn(friend, bob.name, PASSWORD);
	await friend.waitForURL('**/chats');
	await friend.goto(`/chats/${room}`);
	await expectMessages(friend, 'door: ', ['door: are you there?']);
	await say(friend, 'door: again');
	await expectMessages(page, 'door: ', ['door: are you there?', 'door: again']);
});
