import type { Context } from 'hono';
import type { Env } from '../env.ts';
import { openSocket } from './upgrade.ts';

/** The door of one's own Inbox (rules D1 and D2): whoever is logged in has one, and nobody else's has an address. */
export function openInbox(c: Context<{ Bindings: Env }>): Promise<Response> {
	return openSocket(c, (person) => ({ object: c.env.INBOXES.getByName(person) }));
}
