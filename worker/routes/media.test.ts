import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Announced, Reserved, RoomMediaRpc } from '#lib/chat/media.ts';
import { roomName } from '#lib/chat/room-name.ts';
import type { Entry } from '#lib/server/session-door.ts';
import type { Env } from '../env.ts';
import { mediaKey } from '../media/bucket.ts';
import { avatarRoutes } from './avatars.ts';
import { mediaRoutes } from './media.ts';
import jpegFile from '../../tests/fixtures/media/plain.jpg?url&inline';
import gpsJpegFile from '../../tests/fixtures/media/gps.jpg?url&inline';
import pngFile from '../../tests/fixtures/media/plain.png?url&inline';
import heicFile from '../../tests/fixtures/media/photo.heic?url&inline';
import mp3File from '../../tests/fixtures/media/voice.mp3?url&inline';
import webmFile from '../../tests/fixtures/media/clip-vp8.webm?url&inline';
import mp4File from '../../tests/fixtures/media/clip-h264.mp4?url&inline';
import gpsMp4File from '../../tests/fixtures/media/clip-gps.mp4?url&inline';
import squareFile from '../../tests/fixtures/media/square.webp?url&inline';

/** Vite hands files over as `data:` addresses. */
const file = (url: string) => Uint8Array.from(atob(url.slice(url.indexOf(',') + 1)), (c) => c.charCodeAt(0));
const jpeg = file(jpegFile);
const gpsJpeg = file(gpsJpegFile);
const png = file(pngFile);
const heic = file(heicFile);
const mp3 = file(mp3File);
const webm = file(webmFile);
const mp4 = file(mp4File);
const gpsMp4 = file(gpsMp4File);
const square = file(squareFile);

const ana = 'ana00000';
const bob = 'bob00000';
const eve = 'eve00000';
const room = roomName(ana, bob);
const ORIGIN = 'http://kith.test';

/** A room that remembers ids as the real one does, and what it was told. */
class FakeRoom implements RoomMediaRpc {
	told: string[] = [];
	rows = new Map<string, Announced & { person: string; stored: boolean }>();
	refusal: Reserved | null = null;
	deleted = new Set<string>();

	async reserveMedia(person: string, announced: Announced): Promise<Reserved> {
		this.told.push(`reserve ${announced.kind} ${announced.type} ${announced.size}`);
		if (this.refusal) return this.refusal;
		if (this.deleted.has(announced.id)) return { ok: false, code: 'gone' };
		const row = this.rows.get(announced.id);
		if (row && (row.person !== person || row.size !== announced.size || row.type !== announced.type))
			return { ok: false, code: 'id_taken' };
		if (!row) this.rows.set(announced.id, { ...announced, person, stored: false });
		return { ok: true, stored: row?.stored ?? false };
	}
	async mediaStored(_: string, id: string): Promise<boolean> {
		this.told.push('stored');
		const row = this.rows.get(id);
		if (!row || this.deleted.has(id)) return false;
		row.stored = true;
		return true;
	}
	async hasMedia(_: string, id: string): Promise<boolean> {
		return !this.deleted.has(id) && this.rows.get(id)?.stored === true;
	}
	async releaseMedia(_: string, id: string): Promise<void> {
		this.told.push('release');
		if (!this.rows.get(id)?.stored) this.rows.delete(id);
	}
}

let fake: FakeRoom;
let avatars: Map<string, string | null>;
let slow: boolean;
let app: Hono<{ Bindings: Env }>;
beforeEach(() => {
	fake = new FakeRoom();
	avatars = new Map();
	slow = false;
	const ports = {
		identify: async (request: Request): Promise<Entry> => {
			const person = request.headers.get('x-test-person');
			return { who: person ? { person, session: 'session1', username: person } : null };
		},
		room: () => fake,
		setAvatar: async (_: Env, person: string, version: string | null) => {
			const before = avatars.get(person) ?? null;
			avatars.set(person, version);
			return before;
		},
	};
	app = new Hono<{ Bindings: Env }>().route('/', mediaRoutes(ports)).route('/', avatarRoutes(ports));
});

const bindings = (): Env =>
	({ ...env, UPLOADS: { limit: async () => ({ success: !slow }) } }) as unknown as Env;

interface Asked {
	as?: string | null;
	method?: string;
	headers?: Record<string, string>;
	body?: Uint8Array | ReadableStream<Uint8Array>;
}
async function ask(path: string, { as = ana, method, headers = {}, body }: Asked = {}): Promise<Response> {
	const init: RequestInit = {
		method: method ?? (body ? 'POST' : 'GET'),
		headers: {
			host: 'kith.test',
			...(body ? { origin: ORIGIN } : {}),
			...(body instanceof Uint8Array ? { 'content-length': String(body.length) } : {}),
			...(as ? { 'x-test-person': as } : {}),
			...headers,
		},
		...(body ? { body } : {}),
	};
	return app.request(ORIGIN + path, init, bindings());
}
const bytesOf = async (answer: Response) => new Uint8Array(await answer.arrayBuffer());
async function refusal(answer: Response): Promise<[number, unknown]> {
	expect(answer.headers.get('content-type')).toBe('application/problem+json');
	const { code, detail } = (await answer.json()) as { code: string; detail: string };
	expect(detail).toMatch(/^[A-Z].*\.$/);
	return [answer.status, code];
}
const stored = async () => (await env.MEDIA.list()).objects.map(({ key }) => key);
let ids = 0;
const newId = () => `media-${String(++ids).padStart(6, '0')}`;

describe('sending bytes to a room', () => {
	it.each([
		['a photo', jpeg, 'photo', 'image/jpeg'],
		['a voice message', mp3, 'voice', 'audio/mpeg'],
		['a clip', webm, 'clip', 'video/webm'],
		['another clip', mp4, 'clip', 'video/mp4'],
	])('%s is kept under its id, after the room has heard of it', async (_, bytes, kind, type) => {
		const id = newId();
		const answer = await ask(`/media/${room}?id=${id}`, { body: bytes });
		expect(answer.status).toBe(201);
		expect(await answer.json()).toEqual({ id, kind, type, size: bytes.length });
		expect(fake.told).toEqual([`reserve ${kind} ${type} ${bytes.length}`, 'stored']);
		const object = await env.MEDIA.get(mediaKey(room, id));
		expect(object?.httpMetadata?.contentType).toBe(type);
		expect(new Uint8Array(await object!.arrayBuffer())).toEqual(bytes);
	});

	it('the other name of the room is the same room', async () => {
		const id = newId();
		expect((await ask(`/media/${bob}_${ana}?id=${id}`, { as: bob, body: png })).status).toBe(201);
		expect(await env.MEDIA.head(mediaKey(room, id))).not.toBeNull();
	});

	it('without an id the server makes one', async () => {
		const answer = await ask(`/media/${room}`, { body: png });
		const { id } = (await answer.json()) as { id: string };
		expect(await env.MEDIA.head(mediaKey(room, id))).not.toBeNull();
	});

	it('the type is decided by the bytes, whatever the header says', async () => {
		const id = newId();
		await ask(`/media/${room}?id=${id}`, { body: png, headers: { 'content-type': 'text/html' } });
		expect((await ask(`/media/${room}/${id}`)).headers.get('content-type')).toBe('image/png');
	});

	it('the same upload again, after a lost answer, stores nothing twice', async () => {
		const id = newId();
		const first = await ask(`/media/${room}?id=${id}`, { body: mp3 });
		const { uploaded } = (await env.MEDIA.head(mediaKey(room, id)))!;
		const again = await ask(`/media/${room}?id=${id}`, { body: mp3 });
		expect([first.status, again.status]).toEqual([201, 200]);
		expect(await again.json()).toEqual(await first.json());
		expect((await env.MEDIA.head(mediaKey(room, id)))!.uploaded).toEqual(uploaded);
	});

	it('the same upload twice at once is one', async () => {
		const id = newId();
		const both = await Promise.all([1, 2].map(() => ask(`/media/${room}?id=${id}`, { body: webm })));
		for (const { status } of both) expect(status).toBeLessThan(300);
		expect(await bytesOf(await ask(`/media/${room}/${id}`))).toEqual(webm);
	});

	it('bytes that lay there before the answer came are kept, not overwritten', async () => {
		const id = newId();
		await env.MEDIA.put(mediaKey(room, id), webm, { httpMetadata: { contentType: 'video/webm' } });
		expect((await ask(`/media/${room}?id=${id}`, { body: webm })).status).toBe(201);
		expect(fake.told.at(-1)).toBe('stored');
	});

	it('an upload whose id was deleted meanwhile leaves nothing', async () => {
		const id = newId();
		fake.mediaStored = async () => false;
		expect(await refusal(await ask(`/media/${room}?id=${id}`, { body: mp3 }))).toEqual([410, 'gone']);
		expect(await env.MEDIA.head(mediaKey(room, id))).toBeNull();
	});
});

describe('who may not send', () => {
	it('a person who is not logged in', async () => {
		expect(await refusal(await ask(`/media/${room}`, { as: null, body: png }))).toEqual([401, 'no_session']);
	});
	it('a page elsewhere, or a client with cookies and no origin', async () => {
		const foreign = { origin: 'https://evil.example' };
		expect(await refusal(await ask(`/media/${room}`, { body: png, headers: foreign }))).toEqual([
			403,
			'foreign_origin',
		]);
		const nameless = await app.request(
			`${ORIGIN}/media/${room}`,
			{ method: 'POST', body: png, headers: { host: 'kith.test', 'x-test-person': ana } },
			bindings(),
		);
		expect(nameless.status).toBe(403);
	});
	it('a client with a bearer token needs no origin', async () => {
		const answer = await app.request(
			`${ORIGIN}/media/${room}`,
			{
				method: 'POST',
				body: png,
				headers: {
					host: 'kith.test',
					'x-test-person': ana,
					authorization: 'Bearer abc',
					'content-length': String(png.length),
				},
			},
			bindings(),
		);
		expect(answer.status).toBe(201);
	});
	it('eve, who is signed in and nobody here', async () => {
		expect((await ask(`/media/${roomName(ana, eve)}`, { as: eve, body: png })).status).toBe(201);
		fake.told = [];
		expect(await refusal(await ask(`/media/${room}`, { as: eve, body: png }))).toEqual([404, 'unknown_room']);
		expect(fake.told).toEqual([]);
	});
	it.each(['nowhere', `${ana}_${ana}`, `${ana}_${bob}_${eve}`, 'a_b', '..%2f..%2f', `${ana}_`])(
		'anybody, to a room that cannot be: %s',
		async (name) => {
			expect((await ask(`/media/${name}`, { body: png })).status).toBe(404);
		},
	);
	it('somebody who sends too often', async () => {
		slow = true;
		const answer = await ask(`/media/${room}`, { body: png });
		expect(answer.headers.get('retry-after')).toBe('10');
		expect(await refusal(answer)).toEqual([429, 'slow_down']);
	});
	it.each([
		['unknown_room', 404],
		['ended', 403],
		['id_taken', 409],
		['gone', 410],
		['too_many', 429],
	] as const)('whoever the room refuses: %s', async (code, status) => {
		fake.refusal = { ok: false, code };
		const before = await stored();
		expect(await refusal(await ask(`/media/${room}`, { body: png }))).toEqual([status, code]);
		expect(await stored()).toEqual(before);
	});
	it('somebody with an id that is used for something else', async () => {
		const id = newId();
		await ask(`/media/${room}?id=${id}`, { body: png });
		expect(await refusal(await ask(`/media/${room}?id=${id}`, { body: jpeg }))).toEqual([409, 'id_taken']);
		expect((await ask(`/media/${room}?id=${id}`, { as: bob, body: png })).status).toBe(409);
	});
});

describe('what may not be sent', () => {
	const html = new TextEncoder().encode('<!doctype html><script>alert(1)</script>');
	const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>');
	const tail = (bytes: Uint8Array, text: string) =>
		Uint8Array.from([...bytes, ...new TextEncoder().encode(text)]);
	it.each([
		['HTML', html, 415, 'unsupported'],
		['SVG', svg, 415, 'unsupported'],
		['HEIC', heic, 415, 'heic'],
		['a picture cut short', png.slice(0, 200), 415, 'truncated'],
		['a picture with a page behind it', tail(jpeg, '<script>alert(1)</script>'), 415, 'polyglot'],
		['a picture that says where it was taken', gpsJpeg, 422, 'gps'],
		['a clip that says where it was filmed', gpsMp4, 422, 'gps'],
	])('%s', async (_, bytes, status, code) => {
		const before = await stored();
		for (const type of ['image/png', 'video/mp4', 'text/html']) {
			const answer = await ask(`/media/${room}`, { body: bytes, headers: { 'content-type': type } });
			expect(await refusal(answer)).toEqual([status, code]);
		}
		expect(await stored()).toEqual(before);
		expect(fake.rows.size).toBe(0);
	});

	it('nothing at all', async () => {
		expect((await ask(`/media/${room}`, { method: 'POST', headers: { origin: ORIGIN } })).status).toBe(411);
		const empty = { origin: ORIGIN, 'content-length': '0' };
		expect((await ask(`/media/${room}`, { method: 'POST', headers: empty })).status).toBe(415);
	});

	it('anything without a length', async () => {
		const stream = new Blob([png]).stream();
		expect(await refusal(await ask(`/media/${room}`, { body: stream }))).toEqual([411, 'length_required']);
		for (const length of ['x', '-5', '1e3']) {
			const headers = { 'content-length': length };
			expect((await ask(`/media/${room}`, { body: png, headers })).status).toBe(411);
		}
	});

	it.each([
		['a picture', png, 10 * 1024 * 1024 + 1],
		['a voice message', mp3, 16 * 1024 * 1024 + 1],
		['a clip', webm, 64 * 1024 * 1024 + 1],
	])('%s over its limit', async (_, bytes, length) => {
		const headers = { 'content-length': String(length) };
		expect(await refusal(await ask(`/media/${room}`, { body: bytes, headers }))).toEqual([413, 'too_big']);
	});

	it.each([
		['a picture', png],
		['a voice message', mp3],
		['a clip', webm],
	])('%s of which less arrives than announced', async (_, bytes) => {
		const id = newId();
		const headers = { 'content-length': String(bytes.length + 1000) };
		const answer = await ask(`/media/${room}?id=${id}`, { body: bytes, headers });
		expect(await refusal(answer)).toEqual([400, 'incomplete']);
		expect(await env.MEDIA.head(mediaKey(room, id))).toBeNull();
		expect(fake.rows.has(id)).toBe(false);
		expect((await ask(`/media/${room}?id=${id}`, { body: bytes })).status).toBe(201);
	});

	it('an id that is none', async () => {
		for (const id of ['short', 'x'.repeat(65), '../../etc', 'with space1']) {
			const answer = await ask(`/media/${room}?id=${encodeURIComponent(id)}`, { body: png });
			expect(await refusal(answer)).toEqual([400, 'bad_id']);
		}
	});
});

describe('reading what was sent', () => {
	const id = 'read-me-1';
	const path = `/media/${room}/${id}`;
	beforeEach(async () => {
		await ask(`/media/${room}?id=${id}`, { body: mp4 });
	});

	it('both people read it, locked up', async () => {
		for (const as of [ana, bob]) {
			const answer = await ask(path, { as });
			expect(answer.status).toBe(200);
			expect(Object.fromEntries(answer.headers)).toMatchObject({
				'content-type': 'video/mp4',
				'content-length': String(mp4.length),
				'cache-control': 'private, no-cache',
				'x-content-type-options': 'nosniff',
				'content-security-policy': "default-src 'none'; sandbox",
				'cross-origin-resource-policy': 'same-origin',
				'accept-ranges': 'bytes',
				etag: expect.stringMatching(/^"[^"]+"$/),
			});
			expect(await bytesOf(answer)).toEqual(mp4);
		}
	});

	it('nobody else does, nor learns that it is there', async () => {
		expect((await ask(path, { as: null })).status).toBe(401);
		const there = await ask(path, { as: eve });
		const notThere = await ask(`/media/${room}/nothing-1`, { as: eve });
		expect([there.status, notThere.status]).toEqual([404, 404]);
		expect(await there.text()).toBe(await notThere.text());
	});

	it('deleted, unknown and impossible are 404', async () => {
		await env.MEDIA.delete(mediaKey(room, id));
		for (const gone of [path, `/media/${room}/nothing-1`, `/media/${room}/x`, `/media/nowhere/${id}`])
			expect((await ask(gone)).status).toBe(404);
		expect((await ask(path, { headers: { range: 'bytes=0-9' } })).status).toBe(404);
	});

	it('M7: what the room has deleted is gone at once, although its bytes still lie there', async () => {
		const etag = (await ask(path)).headers.get('etag')!;
		fake.deleted.add(id);
		expect(await stored()).toContain(mediaKey(room, id));
		for (const as of [ana, bob])
			for (const headers of [{}, { range: 'bytes=0-9' }, { 'if-none-match': etag }] as Record<
				string,
				string
			>[])
				expect((await ask(path, { as, headers })).status).toBe(404);
		expect((await ask(path, { method: 'HEAD' })).status).toBe(404);
	});

	it('what is not wholly in is not there yet', async () => {
		await env.MEDIA.put(mediaKey(room, 'half-way-1'), 'bytes');
		await fake.reserveMedia(ana, { id: 'half-way-1', kind: 'voice', type: 'audio/mpeg', size: 5 });
		expect((await ask(`/media/${room}/half-way-1`)).status).toBe(404);
	});

	it('a part of it is 206', async () => {
		for (const [range, start, end] of [
			['bytes=0-99', 0, 99],
			['bytes=100-', 100, mp4.length - 1],
			['bytes=-50', mp4.length - 50, mp4.length - 1],
			['bytes=10-999999', 10, mp4.length - 1],
		] as const) {
			const answer = await ask(path, { headers: { range } });
			expect(answer.status).toBe(206);
			expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${end}/${mp4.length}`);
			expect(answer.headers.get('content-length')).toBe(String(end - start + 1));
			expect(await bytesOf(answer)).toEqual(mp4.slice(start, end + 1));
		}
	});

	it('a part that is not there is 416 and says how long it is', async () => {
		for (const range of [`bytes=${mp4.length}-`, 'bytes=-0']) {
			const answer = await ask(path, { headers: { range } });
			expect(answer.headers.get('content-range')).toBe(`bytes */${mp4.length}`);
			expect(await refusal(answer)).toEqual([416, 'range_not_satisfiable']);
		}
	});

	it('a range that makes no sense, or several, is answered with all of it', async () => {
		for (const range of ['bytes=5-2', 'bytes=0-1,4-5', 'lines=1-2', 'bytes=x'])
			expect((await ask(path, { headers: { range } })).status).toBe(200);
	});

	it('a part of another version is answered with all of this one', async () => {
		const etag = (await ask(path)).headers.get('etag')!;
		const part = (ifRange: string) => ask(path, { headers: { range: 'bytes=0-9', 'if-range': ifRange } });
		expect((await part(etag)).status).toBe(206);
		expect((await part('"another"')).status).toBe(200);
	});

	it('whoever has it already gets 304 and no bytes', async () => {
		const etag = (await ask(path)).headers.get('etag')!;
		const answer = await ask(path, { headers: { 'if-none-match': `"x", ${etag}` } });
		expect(answer.status).toBe(304);
		expect(answer.headers.get('etag')).toBe(etag);
		expect((await bytesOf(answer)).length).toBe(0);
		expect((await ask(path, { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
	});

	it('HEAD says the same without the bytes', async () => {
		const answer = await ask(path, { method: 'HEAD', headers: { range: 'bytes=0-9' } });
		expect(answer.status).toBe(200);
		expect(answer.headers.get('content-length')).toBe(String(mp4.length));
		expect((await bytesOf(answer)).length).toBe(0);
	});
});

describe('profile photos', () => {
	const save = (as: string | null = ana, body: Uint8Array = square) => ask('/avatars', { as, body });

	it('are kept by version, seen by whoever is signed in, and by nobody else', async () => {
		const answer = await save();
		expect(answer.status).toBe(201);
		const { version, url } = (await answer.json()) as { version: string; url: string };
		expect(url).toBe(`/avatars/${ana}/${version}`);
		expect(avatars.get(ana)).toBe(version);
		const seen = await ask(url, { as: eve });
		expect(seen.headers.get('cache-control')).toBe('private, max-age=31536000, immutable');
		expect(seen.headers.get('x-content-type-options')).toBe('nosniff');
		expect(await bytesOf(seen)).toEqual(square);
		expect((await ask(url, { as: null })).status).toBe(401);
	});

	it('the same photo again is the same version; another takes its place; removing leaves nothing', async () => {
		const { url } = (await (await save()).json()) as { url: string };
		expect(((await (await save()).json()) as { url: string }).url).toBe(url);
		avatars.set(ana, url.split('/').at(-1)!);
		const other = await app.request(
			`${ORIGIN}/avatars`,
			{ method: 'DELETE', headers: { host: 'kith.test', origin: ORIGIN, 'x-test-person': ana } },
			bindings(),
		);
		expect(other.status).toBe(204);
		expect(avatars.get(ana)).toBeNull();
		expect((await ask(url)).status).toBe(404);
	});

	it('removing leaves nothing, although an earlier change or try broke off before it had deleted all', async () => {
		const { url } = (await (await save()).json()) as { url: string };
		const left = `/avatars/${ana}/${'1'.repeat(32)}`;
		await env.MEDIA.put(left.slice(1), 'bytes');
		const eves = (await (await save(eve)).json()) as { url: string };
		avatars.set(ana, null);
		const headers = { origin: ORIGIN };
		expect((await ask('/avatars', { method: 'DELETE', headers })).status).toBe(204);
		for (const gone of [url, left]) expect((await ask(gone)).status).toBe(404);
		expect((await ask(eves.url)).status).toBe(200);
	});

	it.each([
		['one that is not square', jpeg, 422, 'not_square'],
		['something that is no picture', mp3, 415, 'unsupported'],
		['one that says where it was taken', gpsJpeg, 422, 'gps'],
	])('%s is refused', async (_, bytes, status, code) => {
		expect(await refusal(await save(ana, bytes))).toEqual([status, code]);
	});

	it('others may not change mine, nor may strangers or other sites', async () => {
		await save();
		const mine = avatars.get(ana);
		await save(eve);
		expect(avatars.get(ana)).toBe(mine);
		expect((await save(null)).status).toBe(401);
		const foreign = { origin: 'https://evil.example' };
		expect((await ask('/avatars', { body: square, headers: foreign })).status).toBe(403);
		expect((await ask('/avatars', { method: 'DELETE', headers: foreign })).status).toBe(403);
	});

	it('an address that is none is 404', async () => {
		for (const path of ['/avatars/x/y', `/avatars/${ana}/..`, `/avatars/${ana}/${'0'.repeat(32)}`])
			expect((await ask(path)).status).toBe(404);
	});
});
