import type { Room } from './room/room-object.ts';

/** What the Worker and its objects are given: bindings of wrangler.toml, variables and secrets. */
export interface Env {
	ROOMS: DurableObjectNamespace<Room>;
	MEDIA: R2Bucket;
	ASSETS: Fetcher;
	DATABASE_URL: string;
	/** Where to send SQL instead of Neon: the local gateway. */
	NEON_SQL_ENDPOINT?: string;
	SESSION_SECRET: string;
	/** The flood bucket of one socket: frames at once, and frames a second. */
	FLOOD_BURST?: string;
	FLOOD_REFILL?: string;
}
