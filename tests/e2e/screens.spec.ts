import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { readBudget } from '../../scripts/bundle.ts';
import { makeDemo } from '../../scripts/demo.ts';
import {
	expect,
	expectAccessible,
	expectMessages,
	expectSent,
	logIn,
	openChat,
	say,
	test,
} from './fixtures.ts';

/** What a conversation loads apart, and is not live without. */
const LOADED_APART = ['partysocket/dist/ws.js'];

/** Where the built app keeps a library that is loaded apart. */
function chunkOf(library: string): string {
	const manifest = readFileSync('.svelte-kit/output/client/.vite/manifest.json', 'utf8');
	const { file } = JSON.parse(manifest)[`node_modules/${library}`];
	return `/${file}`;
}

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1440, height: 900 } };

for (const [name, viewport] of Object.entries(SIZES)) {
	test(`axe finds nothing before logging in (${name})`, async ({ page }) => {
		await page.setViewportSize(viewport);
		for (const path of ['/', '/register', '/login', '/no-such-page']) {
			await page.goto(path);
			await expectAccessible(page);
		}
		await page.goto('/register');
		await page.getByRole('textbox', { name: 'Username', exact: true }).fill('a b');
		await page.getByRole('button', { name: 'Create account' }).click();
		await expectAccessible(page);
	});

	test(`axe finds nothing when one is new (${name})`, async ({ newcomer }) => {
		const { page } = await newcomer('ana', { viewport });
		for (const path of [
			'/chats',
			'/contacts',
			'/people',
			'/people?q=nobody-at-all',
			'/invitations',
			'/calls',
			'/settings',
		]) {
			await page.goto(path);
			await expectAccessible(page);
		}
	});

	test(`axe finds nothing among friends (${name})`, async ({ friends: { ana, bob }, newcomer }) => {
		const eve = await newcomer('eve');
		await eve.page.goto(`/people?q=${ana.name}`);
		await eve.page.getByRole('button', { name: 'Invite' }).click();
		await openChat(ana.page, bob);
		await openChat(bob.page, ana);
		await say(bob.page, 'seen: by axe');
		await expectMessages(ana.page, 'seen: ', ['seen: by axe']);
		await say(ana.page, 'seen: too');
		await expectMessages(ana.page, 'seen: ', ['seen: by axe', 'seen: too']);

		await ana.page.setViewportSize(viewport);
		await expectAccessible(ana.page);
		for (const path of ['/chats', '/contacts', `/people?q=${bob.name}`, '/invitations', '/settings']) {
			await ana.page.goto(path);
			await expectAccessible(ana.page);
		}
	});
}

test('an interactive conversation needs no more JavaScript than the budget allows', async ({
	friends: { ana, bob },
}) => {
	await openChat(ana.page, bob);
	const address = ana.page.url();
	const { request } = ana.context;
	const html = await request.get(address);
	const named =
		`${html.headers().link} ${await html.text()}`.match(/[./\w-]*_app\/immutable\/[\w./-]+\.js\b/g) ?? [];
	const needed = new Set(named.map((path) => new URL(path, address).href));
	for (const library of LOADED_APART) needed.add(new URL(chunkOf(library), address).href);

	// That these are enough is seen with everything else still on its way.
	const page = await ana.context.newPage();
	await page.route('**/*.js', (route) => (needed.has(route.request().url()) ? route.continue() : undefined));
	await page.goto(address);
	await say(page, 'with little');
	await expectSent(page);

	const bodies = await Promise.all([...needed].map(async (url) => (await request.get(url)).body()));
	const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).length, 0);
	expect(bytes).toBeGreaterThan(10_000);
	expect(bytes).toBeLessThanOrEqual(readBudget().conversation.javascriptGzipBytes);
});

test('a conversation can be read before any JavaScript has run', async ({ friends: { ana, bob } }) => {
	await openChat(ana.page, bob);
	await say(ana.page, 'early: read me');
	await expectMessages(ana.page, 'early: ', ['early: read me']);
	const html = await (await ana.context.request.get(ana.page.url())).text();
	expect(html).toContain('early: read me');
});

test('the demo can be asked for twice', async ({ page, server }) => {
	const text = await makeDemo(server.url);
	expect(await makeDemo(server.url)).toBe(text);
	const [, name = '', password = ''] = /^ {2}(ana), password (.+)$/m.exec(text) ?? [];
	await logIn(page, name, password);
	await page.getByRole('list', { name: 'Chats' }).getByRole('link', { name: /bob/ }).first().click();
	await expect(page.getByRole('log', { name: 'Conversation' }).getByText('See you there.')).toHaveCount(1);
	await expect(
		page.getByRole('log', { name: 'Conversation' }).getByText('Bob! You are here too.'),
	).toHaveCount(1);
});
