import { conversation, expect, expectAccessible, expectSent, test } from './fixtures.ts';
import { attach, button, fixture, photos, sendChosen, talk, withGps } from './media.ts';

test.use({ permissions: ['camera', 'microphone'] });

test('an upload survives a dead line and a reload, and arrives once', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.context().setOffline(true);
	await attach(ana, withGps);
	await sendChosen(ana, 'From a tunnel, the garden');
	await expect(conversation(ana).getByText('Waiting for the network')).toBeVisible();
	await ana.context().setOffline(false);
	await expect(photos(bob)).toHaveCount(1);

	await ana.route('**/media/*?id=*', (route) => route.abort());
	await attach(ana, { ...withGps, buffer: fixture('plain.jpg') });
	await sendChosen(ana, 'After the tunnel, the garden');
	await expect(conversation(ana).getByText(/Waiting|%/)).toBeVisible();
	await ana.reload();
	await expect(conversation(ana).getByText('After the tunnel')).toBeVisible();
	await ana.unroute('**/media/*?id=*');
	await expect(photos(bob)).toHaveCount(2, { timeout: 90_000 });
	await ana.reload();
	await expect(photos(ana)).toHaveCount(2);
});

test('an upload whose answer was lost is not sent twice', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	const asked: string[] = [];
	ana.on('request', (request) => {
		if (/\/media\/[^/]+_/.test(request.url()) && request.resourceType() !== 'image')
			asked.push(request.method());
	});
	await ana.route(
		'**/media/*?id=*',
		async (route) => {
			expect((await route.fetch()).status()).toBe(201);
			await route.abort('connectionreset');
		},
		{ times: 1 },
	);
	await attach(ana, withGps);
	await sendChosen(ana, 'Once, the garden');
	await expect(photos(bob)).toHaveCount(1);
	await expectSent(ana);
	expect(asked).toEqual(['POST', 'HEAD']);
	await expect(photos(ana)).toHaveCount(1);
});

test('an upload that is refused says why, and can be tried again', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.route(
		'**/media/*?id=*',
		(route) =>
			route.fulfill({
				status: 429,
				contentType: 'application/problem+json',
				body: JSON.stringify({ code: 'too_many', detail: 'Too many uploads wait to be sent.' }),
			}),
		{ times: 1 },
	);
	await attach(ana, withGps);
	await sendChosen(ana);
	await expect(conversation(ana).getByText(/Too many uploads are waiting/)).toBeVisible();
	await expectAccessible(ana);
	await conversation(ana).getByRole('button', { name: 'Retry' }).click();
	await expect(photos(bob)).toHaveCount(1);
});

test('the place of a picture is kept until it is there: nothing jumps', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await attach(ana, withGps);
	await sendChosen(ana, 'The garden');
	await expectSent(ana);
	let go = () => {};
	const gate = new Promise<void>((done) => (go = done));
	await bob.route('**/media/**', async (route) => {
		await gate;
		await route.continue();
	});
	await bob.reload();
	const place = conversation(bob).getByRole('link', { name: 'The garden' });
	await expect(place).toBeVisible();
	const loaded = () => photos(bob).evaluate((image: HTMLImageElement) => image.naturalWidth > 0);
	expect(await loaded()).toBe(false);
	const before = await place.boundingBox();
	go();
	await expect.poll(loaded).toBe(true);
	expect(await place.boundingBox()).toEqual(before);
});

test('an upload is cancelled', async ({ friends }) => {
	const { ana, bob } = await talk(friends);
	await ana.route('**/media/*?id=*', (route) => route.abort());
	await attach(ana, withGps);
	await sendChosen(ana);
	await button(ana, 'Cancel sending').click();
	await expect(photos(ana)).toHaveCount(0);
	await ana.reload();
	await expect(button(ana, 'Attach photo')).toBeEnabled();
	await expect(photos(ana)).toHaveCount(0);
	await expect(photos(bob)).toHaveCount(0);
});
