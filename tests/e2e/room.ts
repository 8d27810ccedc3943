import type { BrowserContext, BrowserContextOptions, Locator, Page } from '@playwright/test';
import { Api, type Client } from './api.ts';
import { composer, conversation, test as base, expect, identity, logIn } from './fixtures.ts';

/** One of two friends, who talks by the API and by pages. */
export interface Talker {
	name: string;
	client: Client;
	context: BrowserContext;
	/** Their conversation, open and connected. */
	page: Page;
	/** Says it by the API. @returns its number */
	say(text: string, id?: string): Promise<number>;
	/** Takes it back by the API. */
	takeBack(id: string): Promise<void>;
	/** Opens the conversation in a page of its own. */
	open(options?: { live?: boolean }): Promise<Page>;
}

export interface Talk {
	room: string;
	ana: Talker;
	bob: Talker;
	/** Fills the room by the API: `line 1`, `line 2` …, by turns. */
	fill(count: number): Promise<void>;
}

/** Two friends in a room, made by the API, each with a browser that is logged in and shows nothing yet. */
export const test = base.extend<{ talk: (options?: BrowserContextOptions) => Promise<Talk> }>({
	talk: async ({ browser, baseURL, contextOptions }, use) => {
		const contexts: BrowserContext[] = [];
		await use(async (options) => {
			const api = await Api.at(baseURL!);
			const people = { ana: identity('ana'), bob: identity('bob') };
			const ana = await api.register(people.ana);
			const bob = await api.register(people.bob);
			await ana.call('put /api/invitations/{person}', { path: { person: bob.id } });
			const { body } = await bob.call('put /api/invitations/{person}', { path: { person: ana.id } });
			const { room } = body as { room: string };
			const talker = async (
				client: Client,
				{ name, password }: { name: string; password: string },
			): Promise<Talker> => {
				const context = await browser.newContext({ ...contextOptions, baseURL, ...options });
				contexts.push(context);
				const page = await context.newPage();
				await logIn(page, name, password);
				await page.waitForURL('**/chats');
				return {
					name,
					client,
					context,
					page,
					say: (text, id = crypto.randomUUID()) => sayByApi(client, room, text, id),
					takeBack: async (id) => {
						const path = { room, id };
						const { status } = await client.call('delete /api/rooms/{room}/messages/{id}', { path });
						expect(status).toBe(200);
					},
					open: async ({ live = true } = {}) => {
						const target = page.url().endsWith('/chats') ? page : await context.newPage();
						await target.goto(`/chats/${room}`);
						if (live) await connected(target);
						return target;
					},
				};
			};
			const made = { ana: await talker(ana, people.ana), bob: await talker(bob, people.bob) };
			return {
				room,
				...made,
				fill: async (count) => {
					for (let n = 1; n <= count; n++) await (n % 4 < 2 ? made.ana : made.bob).say(`line ${n}`);
				},
			};
		});
		await Promise.all(contexts.map((context) => context.close()));
	},
});

async function sayByApi(client: Client, room: string, text: string, id: string): Promise<number> {
	for (;;) {
		const { status, body } = await client.call('put /api/rooms/{room}/messages/{id}', {
			path: { room, id },
			body: { body: { kind: 'text', text } },
		});
		if (status === 200) return body.message.seq as number;
		expect(status, JSON.stringify(body)).toBe(429);
		await new Promise((resolve) => setTimeout(resolve, 300));
	}
}

/** Waits until the page is live and its line is there. */
export async function connected(page: Page): Promise<void> {
	await expect(page.getByRole('button', { name: 'Attach photo' })).toBeEnabled();
	await expect(page.getByText(/^(Connecting…|You are offline)$/)).toHaveCount(0);
	await expect(composer(page)).toBeEditable();
}

/** The message with this text. */
export const message = (page: Page, text: string): Locator =>
	conversation(page)
		.locator('[data-entry]')
		.filter({ has: page.getByText(text, { exact: true }) });

/** Where a message stands on the screen, in px from its top. */
export async function top(page: Page, text: string): Promise<number> {
	return message(page, text).evaluate((element) => element.getBoundingClientRect().top);
}

/** The texts of the messages that begin with this, as they are drawn. */
export const texts = (page: Page, prefix: string): Promise<string[]> =>
	conversation(page)
		.getByText(new RegExp(`^${prefix}`))
		.allTextContents();
