import { Hono, type Context } from 'hono';
import * as v from 'valibot';
import {
	MEDIA_MAX_BYTES,
	mediaId,
	type Announced,
	type RoomMediaRpc,
	type Uploaded,
	type UploadRefusal,
} from '#lib/chat/media.ts';
import { friendIn, parseRoomName, type RoomName } from '#lib/chat/room-name.ts';
import { inspect } from '#lib/server/media/picture.ts';
import { HEAD_BYTES, sniff, tellsWhere, type PictureType } from '#lib/server/media/sniff.ts';
import { setCookies, type Entry } from '#lib/server/session-door.ts';
import type { Env } from '../env.ts';
import { Body } from '../media/body.ts';
import { mediaKey, notThere, serve } from '../media/bucket.ts';
import { bearerOf, isOurOrigin } from '../origin.ts';
import { problem } from '../problem.ts';

/** What the doors for bytes need from the rest of the Worker. */
export interface MediaPorts {
	identify(request: Request, bearer: string | null, env: Env, now: Date): Promise<Entry>;
	room(env: Env, name: RoomName): RoomMediaRpc;
}

type Ctx = Context<{ Bindings: Env }>;

const SENTENCES: Record<UploadRefusal, [status: number, sentence: string]> = {
	no_session: [401, 'Log in first.'],
	foreign_origin: [403, 'Uploads come only from Kith itself.'],
	unknown_room: [404, 'There is no such room.'],
	bad_id: [400, 'An id has 8 to 64 letters, digits, dashes or underscores.'],
	ended: [403, 'You are no longer friends.'],
	length_required: [411, 'Say how long it is: uploads need a Content-Length.'],
	too_big: [413, 'That is too big. Pictures may have 10 MB, voice messages 16 MB, clips 64 MB.'],
	unsupported: [415, 'Only pictures, voice messages and short clips can be sent.'],
	heic: [415, 'This is a HEIC picture, which most browsers cannot show. Send it as JPEG.'],
	incomplete: [400, 'Not all of it arrived.'],
	truncated: [415, 'This picture is cut short.'],
	malformed: [415, 'This picture is damaged.'],
	polyglot: [415, 'There is something else in this picture.'],
	gps: [422, 'This still says where it was taken. Remove the location first.'],
	not_square: [422, 'A profile photo is square, with sides of at most 1024 pixels.'],
	too_many_pixels: [422, 'This picture has too many pixels.'],
	id_taken: [409, 'Something else has this id already.'],
	gone: [410, 'This was deleted.'],
	too_many: [429, 'Too many uploads wait to be sent.'],
	slow_down: [429, 'That is too much at once. Wait a moment.'],
};

export function refuse(code: UploadRefusal, headers: Record<string, string> = {}): Response {
	const [status, sentence] = SENTENCES[code];
	return problem(status, code, sentence, { headers });
}

/** Who may come in with bytes: signed in, from our own pages, not too often. */
export async function admit(
	c: Ctx,
	ports: Pick<MediaPorts, 'identify'>,
): Promise<{ entry: Entry; person: string } | { entry?: Entry; refused: Response }> {
	const request = c.req.raw;
	const bearer = bearerOf(request);
	if (!isOurOrigin(request, bearer !== null)) return { refused: refuse('foreign_origin') };
	const entry = await ports.identify(request, bearer, c.env, new Date());
	if (!entry.who) return { entry, refused: refuse('no_session') };
	const { person } = entry.who;
	const allowed = await c.env.UPLOADS?.limit({ key: person });
	if (allowed && !allowed.success) return { entry, refused: refuse('slow_down', { 'retry-after': '10' }) };
	return { entry, person };
}

/** How long the request says that it is, or null. */
export function announcedLength(request: Request): number | null {
	const header = request.headers.get('content-length') ?? '';
	return /^\d{1,15}$/.test(header) ? Number(header) : null;
}

export function withCookies(answer: Response, entry: Entry | undefined): Response {
	const cookies = entry ? setCookies(entry) : [];
	if (cookies.length === 0) return answer;
	const out = new Response(answer.body, answer);
	for (const cookie of cookies) out.headers.append('set-cookie', cookie);
	return out;
}

/** Pictures, voice messages and clips: `POST /media/:room?id=…` and `GET /media/:room/:id`. */
export function mediaRoutes(ports: MediaPorts): Hono<{ Bindings: Env }> {
	return new Hono<{ Bindings: Env }>()
		.post('/media/:room', async (c) => {
			const admitted = await admit(c, ports);
			if ('refused' in admitted) return withCookies(admitted.refused, admitted.entry);
			return withCookies(await upload(c, ports, admitted.person), admitted.entry);
		})
		.get('/media/:room/:id', async (c) => {
			const entry = await ports.identify(c.req.raw, bearerOf(c.req.raw), c.env, new Date());
			if (!entry.who) return withCookies(refuse('no_session'), entry);
			return withCookies(await download(c, ports, entry.who.person), entry);
		});
}

/**
 * The two people of the room, also when they are friends no longer (D4). Nobody else learns whether there is anything. The
 * room is asked every time: what was deleted is gone at once (M7), although the bucket may take a while to let go of it.
 */
async function download(c: Ctx, ports: MediaPorts, person: string): Promise<Response> {
	const named = parseRoomName(c.req.param('room') ?? '');
	const id = v.safeParse(mediaId, c.req.param('id'));
	if (!named || friendIn(named.room, person) === null || !id.success) return notThere();
	if (!(await ports.room(c.env, named.room).hasMedia(person, id.output))) return notThere();
	return serve(c.env.MEDIA, mediaKey(named.room, id.output), c.req.raw, 'private, no-cache');
}

async function upload(c: Ctx, ports: MediaPorts, person: string): Promise<Response> {
	const request = c.req.raw;
	const named = parseRoomName(c.req.param('room') ?? '');
	if (!named || friendIn(named.room, person) === null) return refuse('unknown_room');
	const id = v.safeParse(mediaId, c.req.query('id') ?? crypto.randomUUID());
	if (!id.success) return refuse('bad_id');
	const size = announcedLength(request);
	if (size === null) return refuse('length_required');
	if (size > MEDIA_MAX_BYTES.clip) return refuse('too_big');
	if (!request.body) return refuse('unsupported');

	const body = new Body(request.body);
	try {
		const looked = await look(body, size, request.headers.get('content-type') ?? '');
		if (!looked.ok) return refuse(looked.code);
		const announced = { id: id.output, kind: looked.kind, type: looked.type, size };
		return await keep(c.env.MEDIA, ports.room(c.env, named.room), named.room, person, announced, body);
	} finally {
		await body.refuse();
	}
}

type Looked = { ok: true; kind: Announced['kind']; type: string } | { ok: false; code: UploadRefusal };

/** Reads as much as it takes to say what this is: all of a picture, the head of everything else. */
async function look(body: Body, size: number, claimed: string): Promise<Looked> {
	try {
		const head = await body.head(Math.min(size, HEAD_BYTES));
		const sniffed = sniff(head, claimed);
		if (!sniffed.ok) return sniffed;
		if (size > MEDIA_MAX_BYTES[sniffed.kind]) return { ok: false, code: 'too_big' };
		if (sniffed.kind !== 'photo') return sniffed;
		const whole = await body.head(size);
		if (whole.length !== size) return { ok: false, code: 'incomplete' };
		const inspected = inspect(whole, sniffed.type as PictureType);
		return inspected.ok ? sniffed : inspected;
	} catch {
		return { ok: false, code: 'incomplete' }; // the line broke
	}
}

/** Tells the room, then R2, then the room again: whatever fails in between, the room knows what may lie around. */
async function keep(
	bucket: R2Bucket,
	room: RoomMediaRpc,
	name: RoomName,
	person: string,
	announced: Announced,
	body: Body,
): Promise<Response> {
	const { id, kind, type, size } = announced;
	const reserved = await room.reserveMedia(person, announced);
	if (!reserved.ok) return refuse(reserved.code);
	const answer = (status: number) => Response.json({ id, kind, type, size } satisfies Uploaded, { status });
	if (reserved.stored) {
		await body.drain().catch(() => {});
		return answer(200);
	}

	const key = mediaKey(name, id);
	const put = await store(bucket, key, body, size, type);
	if (put !== 'stored') {
		await room.releaseMedia(person, id);
		return refuse(put);
	}
	if (!(await room.mediaStored(person, id))) {
		await bucket.delete(key);
		return refuse('gone');
	}
	return answer(201);
}

class TellsWhere extends Error {}
class EndsEarly extends Error {}

/** So many bytes of one piece are looked at again with the next, for what lies across their border. */
const OVERLAP = 128;

/** Streams the body into R2, unless something is there already: then an earlier try of the same upload has won. */
async function store(
	bucket: R2Bucket,
	key: string,
	body: Body,
	size: number,
	type: string,
): Promise<'stored' | 'incomplete' | 'gps'> {
	const { readable, writable } = new FixedLengthStream(size);
	const writer = writable.getWriter();
	writer.closed.catch(() => {}); // whoever pours hears of it
	const watch = type === 'video/mp4';

	const pour = async () => {
		let poured = 0;
		let before: Uint8Array = new Uint8Array();
		for await (const chunk of body.chunks()) {
			if (watch) {
				const seen = new Uint8Array(before.length + chunk.length);
				seen.set(before);
				seen.set(chunk, before.length);
				if (tellsWhere(seen)) throw new TellsWhere();
				before = seen.slice(-OVERLAP);
			}
			poured += chunk.length;
			await writer.write(chunk);
		}
		if (poured < size) throw new EndsEarly();
		await writer.close();
	};
	const pouring = pour().catch(async (error: unknown) => {
		await writer.abort(error).catch(() => {});
		throw error;
	});
	const putting = bucket
		.put(key, readable, {
			onlyIf: { etagDoesNotMatch: '*' },
			httpMetadata: { contentType: type },
		})
		// When R2 wants no more bytes, the rest must not wait to be poured for ever.
		.finally(() => writer.abort().catch(() => {}));

	const [poured, put] = await Promise.allSettled([pouring, putting]);
	if (put.status === 'fulfilled') return 'stored';
	if (poured.status === 'rejected') return poured.reason instanceof TellsWhere ? 'gps' : 'incomplete';
	throw put.reason;
}
