import { CLIP_MAX_MS, MEDIA_MAX_BYTES } from '#lib/chat/media.ts';
import { draw, encode } from './picture.ts';
import { remux } from './remux.ts';
import { thumbhashOf } from './thumbhash.ts';

/* Loaded when the first clip is chosen: the library that rewrites them is larger than the rest of the conversation. */

/** A clip ready to be sent: its index first, so that it plays while it loads; no place, no names in it. */
export interface PreparedClip {
	blob: Blob;
	poster: Blob | null;
	width: number;
	height: number;
	/** ms */
	duration: number;
	thumbhash?: string;
}

export type ClipProblem = 'unreadable' | 'too_long' | 'too_big';
export type Prepared = { ok: true; clip: PreparedClip } | { ok: false; code: ClipProblem };

/** The longer side of a clip that is encoded anew, and the bits a second it gets: three minutes fit into 64 MB. */
const SIDE_MAX = 1280;
const BITRATE = 2_400_000;
const POSTER_SIDE_MAX = 800;

/**
 * Rewrites a clip: the same pictures and sound in a clean container (recorders leave out its length and its index,
 * telephones write the place into it). What browsers do not play everywhere, or what is too big, is encoded anew where
 * this browser can.
 * @param onprogress is told how much is done, 0 to 1
 */
export async function prepareClip(
	file: Blob,
	{ signal, onprogress }: { signal?: AbortSignal; onprogress?: (done: number) => void } = {},
): Promise<Prepared> {
	const remuxed = await remux(file, {
		longest: CLIP_MAX_MS,
		biggest: MEDIA_MAX_BYTES.clip,
		side: SIDE_MAX,
		bitrate: BITRATE,
		...(signal ? { signal } : {}),
		...(onprogress ? { onprogress } : {}),
	});
	if (!remuxed.ok) return remuxed;
	const { blob, duration } = remuxed;
	const still = await firstPicture(blob);
	if (!still) return { ok: false, code: 'unreadable' };
	return { ok: true, clip: { blob, duration, ...still } };
}

/** The picture a tenth of a second in: the very first is often black. */
async function firstPicture(
	blob: Blob,
): Promise<{ poster: Blob | null; width: number; height: number; thumbhash: string } | null> {
	const url = URL.createObjectURL(blob);
	const video = document.createElement('video');
	video.muted = true;
	video.playsInline = true;
	video.preload = 'auto';
	const heard = (event: string) =>
		new Promise<boolean>((done) => {
			video.addEventListener(event, () => done(true), { once: true });
			video.addEventListener('error', () => done(false), { once: true });
			setTimeout(() => done(false), 10_000);
		});
	try {
		const loaded = heard('loadeddata');
		video.src = url;
		if (!(await loaded)) return null;
		const seeked = heard('seeked');
		video.currentTime = Math.min(0.1, video.duration / 2 || 0);
		await seeked;
		const { videoWidth: width, videoHeight: height } = video;
		if (!width || !height) return null;
		const frame = document.createElement('canvas');
		frame.width = width;
		frame.height = height;
		frame.getContext('2d')?.drawImage(video, 0, 0);
		const scale = Math.min(1, POSTER_SIDE_MAX / Math.max(width, height));
		const poster = await encode(draw(frame, Math.round(width * scale), Math.round(height * scale)), 0.75);
		return { poster, width, height, thumbhash: thumbhashOf(frame, width, height) };
	} finally {
		video.removeAttribute('src');
		URL.revokeObjectURL(url);
	}
}
