import { AxeBuilder } from '@axe-core/playwright';
import {
	test as base,
	expect,
	type BrowserContext,
	type BrowserContextOptions,
	type Locator,
	type Page,
} from '@playwright/test';
import { decodeJwt } from 'jose';
import { Server } from './server.ts';

export { expect };

/** Somebody with an account and a browser of their own. */
export interface Person {
	name: string;
	email: string;
	password: string;
	context: BrowserContext;
	page: Page;
}

interface Fixtures {
	/** Somebody with a browser and no account yet. The name is made unique. */
	visitor: (name: string, options?: BrowserContextOptions) => Promise<Person>;
	/** A visitor who has just registered and is at the chats. */
	newcomer: (name: string, options?: BrowserContextOptions) => Promise<Person>;
	/** Registers ana and bob, and makes them friends. Both are at the chats. */
	friends: { ana: Person; bob: Person };
}

export const test = base.extend<Fixtures, { server: Server; settings: Record<string, string> }>({
	settings: [{}, { option: true, scope: 'worker' }],

	server: [
		async ({ settings }, use) => {
			const server = await Server.start(settings);
			await use(server);
			await server.remove();
		},
		{ scope: 'worker', timeout: 180_000 },
	],

	baseURL: ({ server }, use) => use(server.url),

	visitor: async ({ browser, baseURL, contextOptions }, use) => {
		const contexts: BrowserContext[] = [];
		const thrown: string[] = [];
		await use(async (name, options) => {
			const context = await browser.newContext({ ...contextOptions, baseURL, ...options });
			contexts.push(context);
			context.on('weberror', (error) => thrown.push(String(error.error().stack)));
			return { ...identity(name), context, page: await context.newPage() };
		});
		await Promise.all(contexts.map((context) => context.close()));
		expect(thrown, 'errors thrown in pages').toEqual([]);
	},

	newcomer: async ({ visitor, server }, use) => {
		await use(async (name, options) => {
			const person = await visitor(name, options);
			await join(person, server);
			await person.page.goto('/chats');
			return person;
		});
	},

	friends: async ({ visitor, server }, use) => {
		const [ana, bob] = [await visitor('ana'), await visitor('bob')];
		for (const person of [ana, bob]) await join(person, server);
		await befriend(server, ana, bob);
		await Promise.all([ana, bob].map(({ page }) => page.goto('/chats')));
		await use({ ana, bob });
	},
});

/** A name that nobody has yet, with what goes with it. */
export function identity(name: string): { name: string; email: string; password: string } {
	const unique = `${name}-${crypto.randomUUID().slice(0, 8)}`;
	return { name: unique, email: `${unique}@example.com`, password: 'a long enough passphrase' };
}

/** What a form is sent as, without opening its page. */
const BROWSER =
	'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36';

/** Sends a form of the app as its page would, which takes longer. */
async function post({ context }: Person, url: string, form: Record<string, string>): Promise<void> {
	const { origin } = new URL(url);
	const headers = { origin, 'user-agent': BROWSER, accept: 'application/json', 'x-sveltekit-action': 'true' };
	const answer = await (await context.request.post(url, { form, headers })).json();
	expect(['success', 'redirect'], JSON.stringify(answer)).toContain(answer.type);
}

/** Gives a visitor an account. */
async function join(person: Person, server: Server): Promise<void> {
	const { name: username, email, password } = person;
	await post(person, `${server.url}/register`, { username, email, password });
}

async function idOf({ context }: Person): Promise<string> {
	const access = (await context.cookies()).find(({ name }) => name === '__Host-kith-access');
	return decodeJwt(access!.value).sub!;
}

/** Makes two people friends, without a page. */
export async function befriend(server: Server, one: Person, other: Person): Promise<void> {
	await post(one, `${server.url}/people?/invite`, { person: await idOf(other) });
	await post(other, `${server.url}/invitations?/accept`, { person: await idOf(one) });
}

export async function register(
	page: Page,
	person: { name: string; email: string; password: string },
): Promise<void> {
	await page.goto('/register');
	await page.getByRole('textbox', { name: 'Username', exact: true }).fill(person.name);
	await page.getByRole('textbox', { name: 'Email', exact: true }).fill(person.email);
	await page.getByLabel('Password', { exact: true }).fill(person.password);
	await page.getByRole('button', { name: 'Create account' }).click();
	await page.waitForURL('**/chats');
}

export async function logIn(page: Page, login: string, password: string): Promise<void> {
	await page.goto('/login');
	await page.getByRole('textbox', { name: 'Username or email', exact: true }).fill(login);
	await page.getByLabel('Password', { exact: true }).fill(password);
	await page.getByRole('button', { name: 'Log in', exact: true }).click();
}

/** Somebody's entry in one of the lists. */
export function entry(page: Page, list: 'Chats' | 'People' | 'Invitations', name: string): Locator {
	return page.getByRole('list', { name: list, exact: true }).getByRole('listitem').filter({ hasText: name });
}

/** Finds somebody by typing into the search. */
export async function search(page: Page, query: string): Promise<void> {
	await page.goto('/people');
	await page.getByRole('searchbox', { name: 'Search people' }).fill(query);
	await page.getByRole('searchbox', { name: 'Search people' }).press('Enter');
}

export async function invite(from: Person, to: Person): Promise<void> {
	await search(from.page, to.name);
	const row = entry(from.page, 'People', to.name);
	await row.getByRole('button', { name: 'Invite', exact: true }).click();
	await expect(row.getByRole('button', { name: 'Cancel invitation' })).toBeVisible();
}

export async function accept(by: Person, from: Person): Promise<void> {
	await by.page.goto('/invitations');
	const row = entry(by.page, 'Invitations', from.name);
	await row.getByRole('button', { name: 'Accept' }).click();
	await expect(row.getByRole('button', { name: 'Accept' })).toBeHidden();
}

/** Opens the conversation with a friend from the list of chats. */
export async function openChat(page: Page, friend: Person): Promise<void> {
	if (!page.url().endsWith('/chats')) await page.goto('/chats');
	await entry(page, 'Chats', friend.name).getByRole('link').first().click();
	await page.waitForURL(/\/chats\/\w+_\w+$/);
}

export const conversation = (page: Page): Locator => page.getByRole('log', { name: 'Conversation' });
export const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message', exact: true });

/** Types a message and sends it; it may not have arrived yet. */
export async function say(page: Page, text: string): Promise<void> {
	await composer(page).fill(text);
	await page.getByRole('button', { name: 'Send', exact: true }).click();
}

/** How long a client may wait between two attempts to come back (rule C1), and some. */
export const RECONNECTED = { timeout: 60_000 };

/** Waits until the conversation shows exactly these of the messages that begin with `prefix`, in this order. */
export async function expectMessages(
	page: Page,
	prefix: string,
	texts: string[],
	options?: { timeout: number },
): Promise<void> {
	await expect(conversation(page).getByText(new RegExp(`^${prefix}`))).toHaveText(texts, options);
}

/** Waits until the last message of mine is at least stored. */
export async function expectSent(page: Page): Promise<void> {
	await expect(conversation(page).getByText(/^(Sent|Delivered|Seen)$/)).toBeVisible();
}

/** Deletes the message over which the pointer is, and says yes. */
export async function deleteShown(page: Page, message: Locator | Page = page): Promise<void> {
	await message.getByRole('button', { name: 'Delete message' }).last().click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete message' }).click();
}

/** Looks for what assistive technology would stumble over; dark differs from light in its colours only. */
export async function expectAccessible(page: Page): Promise<void> {
	for (const colorScheme of ['light', 'dark'] as const) {
		await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
		// Colours on their way from one to the other have a contrast of their own.
		await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
		const axe = new AxeBuilder({ page });
		if (colorScheme === 'dark') axe.withRules(['color-contrast', 'link-in-text-block']);
		const { violations } = await axe.analyze();
		const found = violations.map(({ id, help, nodes }) => ({
			id,
			help,
			where: nodes.map(({ html }) => html),
		}));
		expect(found, `${page.url()}, ${colorScheme}`).toEqual([]);
	}
}
