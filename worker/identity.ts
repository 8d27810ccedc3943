import * as v from 'valibot';
import { isPersonId } from '#lib/chat/room-name.ts';

/**
 * Who a socket belongs to, as worker/routes tells it to an object in headers, and as the object keeps it in the socket's
 * attachment. An object believes it because nothing but this Worker can reach an object, and the Worker overwrites it.
 */
export const identity = v.object({
	person: v.pipe(v.string(), v.check(isPersonId)),
	session: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
	/** One tab or one app: an id its client made in memory. */
	device: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/)),
});
export type Identity = v.InferOutput<typeof identity>;

const PREFIX = 'x-kith-';

/** Headers for an object: ours say who asks; nothing the client may have sent under our names or as a secret gets through. */
export function withIdentity(headers: Headers, who: Identity & { room?: string }): Headers {
	const out = new Headers(headers);
	for (const name of [...out.keys()]) if (name.startsWith(PREFIX)) out.delete(name);
	for (const name of ['cookie', 'authorization', 'sec-websocket-protocol']) out.delete(name);
	for (const [name, value] of Object.entries(who)) out.set(PREFIX + name, value);
	return out;
}

/** Reads what `withIdentity` wrote. Throws when it is not there: then the request did not come through our routes. */
export function readIdentity(headers: Headers): Identity & { room: string | null } {
	const at = (name: string) => headers.get(PREFIX + name);
	const who = { person: at('person'), session: at('session'), device: at('device'), room: at('room') };
	return v.parse(v.object({ ...identity.entries, room: v.nullable(v.string()) }), who);
}
