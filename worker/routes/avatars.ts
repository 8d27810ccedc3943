import { Hono, type Context } from 'hono';
import { AVATAR_MAX_BYTES, avatarUrl } from '#lib/chat/media.ts';
import { isPersonId, type PersonId } from '#lib/chat/room-name.ts';
import { inspect } from '#lib/server/media/picture.ts';
import { sniff } from '#lib/server/media/sniff.ts';
import type { Env } from '../env.ts';
import { Body } from '../media/body.ts';
import { avatarKey, notThere, serve } from '../media/bucket.ts';
import { bearerOf } from '../origin.ts';
import { admit, announcedLength, refuse, withCookies, type MediaPorts } from './media.ts';

export interface AvatarPorts extends Pick<MediaPorts, 'identify'> {
	/** Remembers a person's photo, or that there is none, and returns the version before. */
	setAvatar(env: Env, person: PersonId, version: string | null): Promise<string | null>;
}

type Ctx = Context<{ Bindings: Env }>;

const SIDE_MAX = 1024;
const TYPES = ['image/jpeg', 'image/png', 'image/webp'];

/** Profile photos: `POST /avatars` and `DELETE /avatars` for one's own, `GET /avatars/:person/:version` for the signed in. */
export function avatarRoutes(ports: AvatarPorts): Hono<{ Bindings: Env }> {
	return new Hono<{ Bindings: Env }>()
		.post('/avatars', async (c) => {
			const admitted = await admit(c, ports);
			if ('refused' in admitted) return withCookies(admitted.refused, admitted.entry);
			return withCookies(await replace(c, ports, admitted.person), admitted.entry);
		})
		.delete('/avatars', async (c) => {
			const admitted = await admit(c, ports);
			if ('refused' in admitted) return withCookies(admitted.refused, admitted.entry);
			const { person, entry } = admitted;
			await ports.setAvatar(c.env, person, null);
			// All there are: also what an earlier change did not get to delete.
			const { objects } = await c.env.MEDIA.list({ prefix: avatarKey(person, '') });
			if (objects.length > 0) await c.env.MEDIA.delete(objects.map(({ key }) => key));
			return withCookies(new Response(null, { status: 204 }), entry);
		})
		.get('/avatars/:person/:version', async (c) => {
			const entry = await ports.identify(c.req.raw, bearerOf(c.req.raw), c.env, new Date());
			if (!entry.who) return withCookies(refuse('no_session'), entry);
			const { person, version } = c.req.param();
			if (!isPersonId(person) || !/^[0-9a-f]{32}$/.test(version)) return withCookies(notThere(), entry);
			const key = avatarKey(person, version);
			// A version never changes. Private: only signed-in people may see it.
			const forever = 'private, max-age=31536000, immutable';
			return withCookies(await serve(c.env.MEDIA, key, c.req.raw, forever), entry);
		});
}

async function replace(c: Ctx, ports: AvatarPorts, person: PersonId): Promise<Response> {
	const size = announcedLength(c.req.raw);
	if (size === null) return refuse('length_required');
	if (size > AVATAR_MAX_BYTES) return refuse('too_big');
	if (!c.req.raw.body) return refuse('unsupported');
	const body = new Body(c.req.raw.body);
	const bytes = await body.head(size).catch(() => null);
	await body.refuse(); // also one of no bytes is let go
	if (bytes?.length !== size) return refuse('incomplete');

	const sniffed = sniff(bytes);
	if (!sniffed.ok) return refuse(sniffed.code);
	if (sniffed.kind !== 'photo' || !TYPES.includes(sniffed.type)) return refuse('unsupported');
	const inspected = inspect(bytes, sniffed.type);
	if (!inspected.ok) return refuse(inspected.code);
	if (inspected.width !== inspected.height || inspected.width > SIDE_MAX) return refuse('not_square');

	// Named for its content: the same photo sent twice is the same version.
	const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).subarray(0, 16);
	const version = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
	await c.env.MEDIA.put(avatarKey(person, version), bytes, { httpMetadata: { contentType: sniffed.type } });
	const before = await ports.setAvatar(c.env, person, version);
	if (before && before !== version) await c.env.MEDIA.delete(avatarKey(person, before));
	return Response.json({ version, url: avatarUrl(person, version) }, { status: 201 });
}
