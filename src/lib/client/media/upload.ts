import * as v from 'valibot';
import { mediaUrl, UPLOAD_REFUSALS, uploaded, type Uploaded, type UploadRefusal } from '#lib/chat/media.ts';

/** How an upload ended. `offline`, `failed` and `slow_down` may be tried again with the same id; nothing is stored twice. */
export type Outcome =
	| { ok: true; uploaded: Uploaded | null }
	| { ok: false; code: UploadRefusal | 'offline' | 'failed' | 'cancelled'; retryAfter?: number };

/** A line on which nothing moves for so long, in ms, is dead, whatever the browser thinks. */
const STALLED = 30_000;

interface Options {
	signal?: AbortSignal;
	/** Told how many bytes have left, and of how many. */
	onprogress?: (sent: number, of: number) => void;
	/** An earlier try may have arrived without our hearing of it: ask before sending it all again. */
	again?: boolean;
}

/** Sends bytes to a room under an id. Never throws. */
export async function upload(room: string, id: string, blob: Blob, options: Options = {}): Promise<Outcome> {
	if (options.signal?.aborted) return { ok: false, code: 'cancelled' };
	if (options.again && (await isThere(room, id, blob.size, options.signal)))
		return { ok: true, uploaded: null };
	return send(`/media/${room}?id=${encodeURIComponent(id)}`, blob, options);
}

/** Sends a new profile photo, or null to remove it. */
export async function saveAvatar(photo: Blob | null): Promise<{ ok: true } | { ok: false; code: string }> {
	try {
		const answer = await fetch('/avatars', photo ? { method: 'POST', body: photo } : { method: 'DELETE' });
		return answer.ok ? { ok: true } : { ok: false, code: codeOf(await answer.text()) ?? 'failed' };
	} catch {
		return { ok: false, code: 'offline' };
	}
}

async function isThere(room: string, id: string, size: number, signal?: AbortSignal): Promise<boolean> {
	try {
		const answer = await fetch(mediaUrl(room, id), { method: 'HEAD', ...(signal ? { signal } : {}) });
		return answer.ok && Number(answer.headers.get('content-length')) === size;
	} catch {
		return false;
	}
}

/** By XMLHttpRequest: `fetch` does not tell how far an upload is. */
function send(url: string, blob: Blob, { signal, onprogress }: Options): Promise<Outcome> {
	return new Promise((done) => {
		const request = new XMLHttpRequest();
		let stalled: ReturnType<typeof setTimeout> | undefined;
		const abort = () => request.abort();
		const end = (outcome: Outcome) => {
			clearTimeout(stalled);
			signal?.removeEventListener('abort', abort);
			done(outcome);
		};
		const moved = () => {
			clearTimeout(stalled);
			stalled = setTimeout(() => {
				end({ ok: false, code: 'offline' });
				request.abort();
			}, STALLED);
		};
		signal?.addEventListener('abort', abort, { once: true });
		request.upload.onprogress = ({ loaded, total }) => {
			moved();
			onprogress?.(loaded, total);
		};
		request.onload = () => end(outcomeOf(request));
		request.onerror = () => end({ ok: false, code: 'offline' });
		request.onabort = () => end({ ok: false, code: 'cancelled' });
		request.open('POST', url);
		moved();
		request.send(blob);
	});
}

function outcomeOf(request: XMLHttpRequest): Outcome {
	const { status, responseText } = request;
	if (status === 200 || status === 201) {
		const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), uploaded), responseText);
		return { ok: true, uploaded: parsed.success ? parsed.output : null };
	}
	const code = codeOf(responseText);
	const refusal = UPLOAD_REFUSALS.find((known) => known === code);
	const seconds = Number(request.getResponseHeader('retry-after'));
	return { ok: false, code: refusal ?? 'failed', ...(seconds > 0 ? { retryAfter: seconds * 1000 } : {}) };
}

function codeOf(problem: string): string | null {
	const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() })), problem);
	return parsed.success ? parsed.output.code : null;
}
