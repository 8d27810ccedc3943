import type { Inbox } from './inbox/inbox-object.ts';
import type { Room } from './room/room-object.ts';

/** What the Worker and its objects are given: bindings of wrangler.toml, variables and secrets. */
export interface Env {
	ROOMS: DurableObjectNamespace<Room>;
	INBOXES: DurableObjectNamespace<Inbox>;
	MEDIA: R2Bucket;
	/** How often one person may send bytes. */
	UPLOADS?: RateLimit;
	ASSETS: Fetcher;
	DATABASE_URL: string;
	/** Where to send SQL instead of Neon: the local gateway. */
	NEON_SQL_ENDPOINT?: string;
	SESSION_SECRET: string;
	/** The flood bucket of one socket: frames at once, and frames a second. */
	FLOOD_BURST?: string;
	FLOOD_REFILL?: string;
	/** How long a call rings, and after how long a silent one is over. */
	CALL_RING_SECONDS?: string;
	CALL_SILENCE_SECONDS?: string;
	/** Calls from browser to browser (src/lib/server/turn.ts). */
	STUN_URLS?: string;
	TURN_KEY_ID?: string;
	TURN_KEY_API_TOKEN?: string;
	CALLS_RELAY_ONLY?: string;
	/** Calls through ZEGOCLOUD (src/lib/server/zego-token.ts). */
	ZEGO_APP_ID?: string;
	ZEGO_SERVER_SECRET?: string;
	ZEGO_SERVER_URL?: string;
}
