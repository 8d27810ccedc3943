import { matches, parseRange, stillTheSame } from '#lib/server/media/range.ts';
import { problem } from '../problem.ts';

/** Where the bytes of one upload lie in R2. */
export function mediaKey(room: string, id: string): string {
	return `media/${room}/${id}`;
}

export function avatarKey(person: string, version: string): string {
	return `avatars/${person}/${version}`;
}

const EXTENSIONS: Record<string, string> = {
	'image/jpeg': 'jpg',
	'image/png': 'png',
	'image/webp': 'webp',
	'image/gif': 'gif',
	'image/avif': 'avif',
	'audio/webm': 'webm',
	'audio/mp4': 'm4a',
	'audio/ogg': 'ogg',
	'audio/wav': 'wav',
	'audio/mpeg': 'mp3',
	'video/webm': 'webm',
	'video/mp4': 'mp4',
};

/** What people uploaded is never run: not guessed at, not a page, not part of another site. */
const LOCKED = {
	'x-content-type-options': 'nosniff',
	'content-security-policy': "default-src 'none'; sandbox",
	'cross-origin-resource-policy': 'same-origin',
};

/**
 * Answers a GET or HEAD with a stored object: the whole, a range (206, 416), or nothing when the asker has it (304).
 * @param cacheControl who may keep it, and for how long
 */
export async function serve(
	bucket: R2Bucket,
	key: string,
	request: Request,
	cacheControl: string,
): Promise<Response> {
	const { headers } = request;
	const asksForPart = headers.has('range');
	const plain = request.method === 'GET' && !asksForPart && !headers.has('if-none-match');
	const object = plain ? await bucket.get(key) : await bucket.head(key);
	if (!object) return notThere();

	const type = object.httpMetadata?.contentType ?? '';
	const extension = EXTENSIONS[type];
	const answer = new Headers({
		...LOCKED,
		'cache-control': cacheControl,
		etag: object.httpEtag,
		'last-modified': object.uploaded.toUTCString(),
		'accept-ranges': 'bytes',
		'content-type': extension ? type : 'application/octet-stream',
		'content-disposition': extension ? `inline; filename="kith.${extension}"` : 'attachment',
	});
	if (matches(headers.get('if-none-match'), object.httpEtag)) {
		for (const name of ['content-type', 'content-disposition']) answer.delete(name);
		return new Response(null, { status: 304, headers: answer });
	}

	const { size } = object;
	const same = stillTheSame(headers.get('if-range'), object.httpEtag, object.uploaded);
	const range = request.method === 'GET' && same ? parseRange(headers.get('range'), size) : null;
	if (range === 'unsatisfiable') {
		return problem(416, 'range_not_satisfiable', 'The file is shorter than that.', {
			headers: { ...LOCKED, 'content-range': `bytes */${size}` },
		});
	}
	const length = range ? range.end - range.start + 1 : size;
	answer.set('content-length', String(length));
	if (range) answer.set('content-range', `bytes ${range.start}-${range.end}/${size}`);
	if (request.method === 'HEAD') return new Response(null, { headers: answer });

	const found =
		'body' in object
			? object
			: await bucket.get(key, range ? { range: { offset: range.start, length } } : {});
	if (!found) return notThere();
	return new Response((found as R2ObjectBody).body, { status: range ? 206 : 200, headers: answer });
}

export function notThere(): Response {
	return problem(404, 'not_found', 'There is nothing here.');
}
