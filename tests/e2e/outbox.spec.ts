import {
	composer,
	conversation,
	deleteShown,
	expect,
	expectMessages,
	expectSent,
	RECONNECTED,
	say,
} from './fixtures.ts';
import { connected, message, test } from './room.ts';

test('C3 what is written offline waits through a reload and is sent once, in order, by one of two tabs', async ({
	talk,
}) => {
	const { ana, bob } = await talk();
	let blocked = false;
	await ana.context.routeWebSocket(/\/ws\/chat\//, (socket) => {
		if (blocked) void socket.close();
		else socket.connectToServer();
	});
	const [one, friend] = [await ana.open(), await bob.open()];
	const other = await ana.open();
	await say(one, 'kept 1');
	await expectMessages(friend, 'kept ', ['kept 1']);

	await ana.context.setOffline(true);
	await say(one, 'kept 2');
	await say(other, 'kept 3');
	await say(one, 'kept 4');
	const mine = ['kept 1', 'kept 2', 'kept 3', 'kept 4'];
	for (const page of [one, other]) {
		await expectMessages(page, 'kept ', mine);
		await expect(conversation(page).getByText('Sending', { exact: true })).toBeVisible();
	}
	await expectMessages(friend, 'kept ', ['kept 1']);

	// A reload needs the server for the page, but the line of the room stays away.
	blocked = true;
	await ana.context.setOffline(false);
	for (const page of [one, other]) {
		await page.reload();
		await expectMessages(page, 'kept ', mine);
	}
	await expectMessages(friend, 'kept ', ['kept 1']);

	await one.close();
	await other.close();
	blocked = false;
	const again = [await ana.context.newPage(), await ana.context.newPage()];
	await Promise.all(again.map((page) => page.goto(friend.url())));
	for (const page of [...again, friend]) await expectMessages(page, 'kept ', mine, RECONNECTED);
	for (const page of again) await expectSent(page);
	await friend.reload();
	await expectMessages(friend, 'kept ', mine);
});

test('C3 what was left in a room is sent from any other page', async ({ talk }) => {
	test.slow();
	const { ana, bob } = await talk();
	const [page, friend] = [await ana.open(), await bob.open()];
	await ana.context.setOffline(true);
	await say(page, 'left behind');
	await expect(conversation(page).getByText('Sending', { exact: true })).toBeVisible();
	await page.close();
	await ana.context.setOffline(false);
	const settings = await ana.context.newPage();
	await settings.goto('/settings');
	await expectMessages(friend, 'left ', ['left behind'], RECONNECTED);
});

test('M6 what the room refuses says why, and gives its text back to change', async ({ talk }) => {
	const { ana, bob } = await talk();
	let refuses = true;
	await ana.page.routeWebSocket(/\/ws\/chat\//, (socket) => {
		const server = socket.connectToServer();
		socket.onMessage((data) => {
			const frame = data === 'ping' ? {} : (JSON.parse(String(data)) as { type?: string; id?: string });
			if (refuses && frame.type === 'send')
				socket.send(JSON.stringify({ type: 'refused', code: 'too_big', id: frame.id }));
			else server.send(data);
		});
	});
	const [page, friend] = [await ana.open(), await bob.open()];
	await say(page, 'said: far too much');
	await expect(conversation(page)).toContainText('Not sent. It is too big to send at once.');
	await page.reload();
	await expect(conversation(page)).toContainText('Not sent. It is too big to send at once.');
	await connected(page);
	await composer(page).fill('and a postscript');
	await page.getByRole('button', { name: 'Edit', exact: true }).click();
	await expect(composer(page)).toHaveValue('said: far too much\nand a postscript');
	await expect(composer(page)).toBeFocused();
	await expectMessages(page, 'said: ', []);

	refuses = false;
	await say(page, 'said: less');
	await expectMessages(friend, 'said: ', ['said: less']);
	await expect(composer(page)).toHaveValue('');
});

test('a draft stays through moving about, a reload and another tab, until it is sent', async ({ talk }) => {
	const { ana, bob } = await talk();
	const page = await ana.open();
	await composer(page).fill('half a thought');
	await page.getByRole('link', { name: 'Settings' }).first().click();
	await page.waitForURL('**/settings');
	await page.goBack();
	await expect(composer(page)).toHaveValue('half a thought');
	// The open chat is clicked once more.
	await page.getByRole('list', { name: 'Chats' }).getByRole('link', { name: bob.name }).click();
	await expect(composer(page)).toHaveValue('half a thought');
	await page.reload();
	await connected(page);
	await expect(composer(page)).toHaveValue('half a thought');
	await composer(page).press('End');
	await composer(page).pressSequentially(', and the rest');
	await page.getByRole('button', { name: 'Send', exact: true }).click();
	await expectSent(page);
	await page.reload();
	await connected(page);
	await expect(composer(page)).toHaveValue('');
	await expectMessages(page, 'half ', ['half a thought, and the rest']);
});

test('M7 a deleted message is gone on the other side, for good, and was asked about first', async ({
	talk,
}) => {
	const { ana, bob } = await talk();
	const [page, friend] = [await ana.open(), await bob.open()];
	await say(page, 'told: a secret');
	await say(page, 'told: no secret');
	await expectMessages(friend, 'told: ', ['told: a secret', 'told: no secret']);
	await expect(friend.getByRole('button', { name: 'Delete message' })).toHaveCount(0);

	const secret = message(page, 'told: a secret');
	await secret.hover();
	await secret.getByRole('button', { name: 'Delete message' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click();
	await expectMessages(page, 'told: ', ['told: a secret', 'told: no secret']);
	await secret.hover();
	await deleteShown(page, secret);
	for (const one of [page, friend]) {
		await expectMessages(one, 'told: ', ['told: no secret']);
		await expect(conversation(one).getByText('Message deleted')).toHaveCount(1);
		await one.reload();
		await expectMessages(one, 'told: ', ['told: no secret']);
		await expect(conversation(one).getByText('Message deleted')).toHaveCount(1);
	}

	// By the keyboard: back from the composer, and up.
	await connected(page);
	await say(page, 'told: another');
	await expectMessages(friend, 'told: ', ['told: no secret', 'told: another']);
	await message(page, 'told: another').getByRole('button', { name: 'Delete message' }).focus();
	await page.keyboard.press('ArrowUp');
	const first = message(page, 'told: no secret').getByRole('button', { name: 'Delete message' });
	await expect(first).toBeFocused();
	await page.keyboard.press('Enter');
	await page.getByRole('dialog').getByRole('button', { name: 'Delete message' }).press('Enter');
	await expectMessages(friend, 'told: ', ['told: another']);
});

test('C3, M7 what is deleted offline is deleted once when the line is back, though the page was loaded anew', async ({
	talk,
}) => {
	const { ana, bob } = await talk();
	let blocked = false;
	const asked: string[] = [];
	await ana.context.routeWebSocket(/\/ws\/chat\//, (socket) => {
		if (blocked) return void socket.close();
		const server = socket.connectToServer();
		socket.onMessage((data) => {
			if (String(data).includes('"delete"')) asked.push(String(data));
			server.send(data);
		});
	});
	const [page, friend] = [await ana.open(), await bob.open()];
	await say(page, 'wish: a secret');
	await say(page, 'wish: no secret');
	const both = ['wish: a secret', 'wish: no secret'];
	await expectMessages(friend, 'wish: ', both);
	await expectSent(page);

	await ana.context.setOffline(true);
	await message(page, 'wish: a secret').hover();
	await deleteShown(page, message(page, 'wish: a secret'));
	const waits = message(page, 'wish: a secret').getByRole('button', { name: 'Delete message' });
	await expect(waits).toBeDisabled();
	blocked = true;
	await ana.context.setOffline(false);
	await page.reload();
	await expectMessages(page, 'wish: ', both);
	await expect(waits).toBeDisabled();
	await expectMessages(friend, 'wish: ', both);

	blocked = false;
	await page.reload();
	for (const one of [page, friend]) {
		await expectMessages(one, 'wish: ', ['wish: no secret'], RECONNECTED);
		await one.reload();
		await expectMessages(one, 'wish: ', ['wish: no secret']);
	}
	expect(asked).toHaveLength(1);
});

test('M7 a message is deleted without a line, and D4 by a former friend', async ({ talk, browser }) => {
	const { ana, bob, room } = await talk();
	await ana.say('late: one');
	await ana.say('late: two');
	await bob.say('late: three');
	await ana.page.routeWebSocket(/\/ws\/chat\//, (socket) => socket.close());
	const page = await ana.open({ live: false });
	const friend = await bob.open();
	await expect(message(page, 'late: one')).toBeVisible();
	await message(page, 'late: one').hover();
	await expect(async () => {
		await message(page, 'late: one').hover();
		await message(page, 'late: one').getByRole('button', { name: 'Delete message' }).click();
		await expect(page.getByRole('dialog')).toBeVisible({ timeout: 1_000 });
	}).toPass();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete message' }).click();
	for (const one of [page, friend]) await expectMessages(one, 'late: ', ['late: two', 'late: three']);

	const ended = await bob.client.call('delete /api/friends/{room}', { path: { room } });
	expect(ended.status).toBe(204);
	await page.reload();
	await expect(page.getByText('no longer friends')).toBeVisible();
	await message(page, 'late: two').hover();
	await deleteShown(page, message(page, 'late: two'));
	await expectMessages(page, 'late: ', ['late: three']);
	await friend.reload();
	await expectMessages(friend, 'late: ', ['late: three']);

	const foreign = await browser.newContext({ storageState: await ana.context.storageState() });
	const answer = await foreign.request.delete(
		new URL(`/chats/${room}/messages?id=${'x'.repeat(8)}`, page.url()).href,
		{
			headers: { origin: 'https://elsewhere.example' },
		},
	);
	expect(answer.status()).toBe(403);
	await foreign.close();
});
