import type { Db } from '#lib/server/db/client.ts';
import type { Me } from '#lib/server/people.ts';
import type { Inboxes } from '#lib/chat/rpc-inbox.ts';
import type { Rooms } from '#lib/chat/rpc.ts';
import type { Config } from '#lib/server/config.ts';
import type { Mail } from '#lib/server/mail.ts';

declare global {
	namespace App {
		interface Locals {
			/** The signed-in person, or null. */
			me: Me | null;
			/** The id of the session that asks, when there is one. */
			session: string | null;
			db: Db;
			rooms: Rooms;
			inboxes: Inboxes;
			config: Config;
			/** The time zone that Cloudflare guesses from the address. */
			zone: string | undefined;
			/** Sends mail, or prints it where none is set up. */
			mail: (mail: Mail) => Promise<void>;
			/** Runs on after the answer, for telling the objects. */
			later: (work: Promise<unknown>) => void;
		}
		interface Error {
			message: string;
			/** Names the log line of an unexpected failure, so that a person can quote it. */
			id?: string;
		}
		/** Touched in hooks.server.ts alone. */
		interface Platform {
			env: Record<string, string | undefined> & {
				ROOMS: unknown;
				INBOXES: unknown;
				MEDIA: unknown;
				EMAIL?: unknown;
			};
			ctx: { waitUntil(work: Promise<unknown>): void };
			cf?: { timezone?: string };
		}
	}
}

export {};
