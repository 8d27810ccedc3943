import { Api, type Client } from './api.ts';
import { conversation, expect, identity, logIn, type Person } from './fixtures.ts';
import type { Browser, BrowserContextOptions, Locator, Page } from '@playwright/test';

/** Two friends who talk by the API, with a browser for each where a test wants one. */
export interface Talk {
	room: string;
	ana: Talker;
	bob: Talker;
}
export interface Talker {
	name: string;
	password: string;
	client: Client;
	/** Says it by the API, and returns its number. */
	say(text: string, id?: string): Promise<number>;
	/** Takes it back by the API. */
	take(id: string): Promise<void>;
}

/** Makes ana and bob, friends with a room of their own. */
export async function talk(base: string): Promise<Talk> {
	const api = await Api.at(base);
	const names = { ana: identity('ana'), bob: identity('bob') };
	const ana = await api.register(names.ana);
	const bob = await api.register(names.bob);
	await ana.call('put /api/invitations/{person}', { path: { person: bob.id } });
	const { body } = await bob.call('put /api/invitations/{person}', { path: { person: ana.id } });
	const room = body.room as string;
	const talker = (client: Client, { name, password }: { name: string; password: string }): Talker => ({
		name,
		password,
		client,
		say: async (text, id = crypto.randomUUID()) => {
			const said = await client.call('put /api/rooms/{room}/messages/{id}', {
				path: { room, id },
				body: { body: { kind: 'text', text } },
			});
			expect(said.status, JSON.stringify(said.body)).toBe(200);
			return said.body.message.seq as number;
		},
		take: async (id) => {
			const gone = await client.call('delete /api/rooms/{room}/messages/{id}', { path: { room, id } });
			expect(gone.status).toBe(200);
		},
	});
	return { room, ana: talker(ana, names.ana), bob: talker(bob, names.bob) };
}
