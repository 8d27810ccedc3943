import { BEARER_PREFIX } from '#lib/chat/protocol.ts';
import { read, type Config } from '#lib/server/config.ts';
import { connect, type Db } from '#lib/server/db/client.ts';
import { enter, readCookies, type Entry } from '#lib/server/session-door.ts';
import type { Env } from './env.ts';

const doors = new WeakMap<Env, { db: Db; config: Config }>();

/** The database and configuration of this environment, made once. Throws a plain sentence when something is not set. */
export function door(env: Env): { db: Db; config: Config } {
	let made = doors.get(env);
	if (!made) {
		const config = read(env as unknown as Record<string, unknown>);
		made = { db: connect(config), config };
		doors.set(env, made);
	}
	return made;
}

/** What `Sec-WebSocket-Protocol` offers: the protocols, and the access token of a client that has no cookies. */
export function readProtocols(header: string | null): { offered: string[]; bearer: string | null } {
	const all = (header ?? '')
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '');
	const bearer = all.find((name) => name.startsWith(BEARER_PREFIX));
	return {
		offered: all.filter((name) => !name.startsWith(BEARER_PREFIX)),
		bearer: bearer === undefined ? null : bearer.slice(BEARER_PREFIX.length),
	};
}

/** Who asks for this socket: by the bearer token when there is one, and by nothing else then; by cookies otherwise. */
export function identify(request: Request, bearer: string | null, env: Env, now: Date): Promise<Entry> {
	const tokens = bearer === null ? readCookies(request.headers.get('cookie')) : { access: bearer };
	return enter(door(env), tokens, now);
}
