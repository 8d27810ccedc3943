import { MEDIA_MAX_BYTES, PHOTO_SIDE_MAX } from '#lib/chat/media.ts';
import { thumbhashOf } from './thumbhash.ts';

/** A picture ready to be sent: upright, not too large, and without anything its camera wrote into it. */
export interface Picture {
	blob: Blob;
	width: number;
	height: number;
	thumbhash: string;
}

/** Why a file cannot be sent as a picture. Each has a sentence. */
export type PictureProblem = 'heic' | 'unreadable' | 'too_big';
export type Prepared = { ok: true; picture: Picture } | { ok: false; code: PictureProblem };

const QUALITY = 0.85;

/**
 * Decodes a picture as the browser would show it (turned upright), scales it to at most PHOTO_SIDE_MAX and encodes it
 * anew: nothing of EXIF, GPS or XMP survives that.
 */
export async function preparePicture(file: Blob): Promise<Prepared> {
	const source = await decode(file);
	if (!source) return { ok: false, code: (await isHeic(file)) ? 'heic' : 'unreadable' };
	try {
		const scale = Math.min(1, PHOTO_SIDE_MAX / Math.max(source.width, source.height));
		const width = Math.max(1, Math.round(source.width * scale));
		const height = Math.max(1, Math.round(source.height * scale));
		const thumbhash = thumbhashOf(source, source.width, source.height);
		// Encoded anew, a GIF would stand still. It has no EXIF; what it says otherwise, the server looks at.
		const moving = file.type === 'image/gif' && (await isAnimated(file));
		const blob = moving ? file : await encode(draw(source, width, height));
		if (!blob) return { ok: false, code: 'unreadable' };
		if (blob.size > MEDIA_MAX_BYTES.photo) return { ok: false, code: 'too_big' };
		const picture = moving
			? { blob, width: source.width, height: source.height, thumbhash }
			: { blob, width, height, thumbhash };
		return { ok: true, picture };
	} finally {
		if (source instanceof ImageBitmap) source.close();
	}
}

/** Part of a picture: a square of `side` pixels whose upper left corner is at (x, y), scaled to `to` pixels. */
export async function cropSquare(
	source: ImageBitmap,
	{ x, y, side }: { x: number; y: number; side: number },
	to: number,
): Promise<Blob | null> {
	const canvas = blank(to, to);
	const context = canvas.getContext('2d');
	if (!context) return null;
	context.imageSmoothingQuality = 'high';
	// A profile photo has no transparent parts: it stands on every colour.
	context.fillStyle = '#fff';
	context.fillRect(0, 0, to, to);
	context.drawImage(source, x, y, side, side, 0, 0, to, to);
	return encode(canvas);
}

/** Opens a picture for cutting: upright, and no larger than is of use. */
export async function openPicture(
	file: Blob,
): Promise<{ ok: true; picture: ImageBitmap } | { ok: false; code: PictureProblem }> {
	const source = await decode(file);
	if (!source) return { ok: false, code: (await isHeic(file)) ? 'heic' : 'unreadable' };
	const scale = Math.min(1, PHOTO_SIDE_MAX / Math.max(source.width, source.height));
	const canvas = draw(
		source,
		Math.max(1, Math.round(source.width * scale)),
		Math.max(1, Math.round(source.height * scale)),
	);
	return { ok: true, picture: await createImageBitmap(canvas) };
}

/** Decoded and upright, or null where the browser cannot. */
export async function decode(file: Blob): Promise<ImageBitmap | HTMLImageElement | null> {
	try {
		return await createImageBitmap(file);
	} catch {
		// Safari shows HEIC in an <img>, and not always here.
	}
	const url = URL.createObjectURL(file);
	const image = new Image();
	image.src = url;
	try {
		await image.decode();
		return image.naturalWidth > 0 ? image : null;
	} catch {
		return null;
	} finally {
		URL.revokeObjectURL(url);
	}
}

function blank(width: number, height: number): HTMLCanvasElement {
	const canvas = document.createElement('canvas');
	canvas.width = width;
	canvas.height = height;
	return canvas;
}

/** Scaled by halves: one large step would skip pixels and leave stairs. */
export function draw(
	source: CanvasImageSource & { width: number; height: number },
	width: number,
	height: number,
): HTMLCanvasElement {
	let from: CanvasImageSource = source;
	let [w, h] = [source.width, source.height];
	for (;;) {
		const [nextW, nextH] = [Math.max(width, Math.ceil(w / 2)), Math.max(height, Math.ceil(h / 2))];
		const canvas = blank(nextW, nextH);
		const context = canvas.getContext('2d');
		if (!context) throw new Error('There is no canvas.');
		context.imageSmoothingQuality = 'high';
		context.drawImage(from, 0, 0, w, h, 0, 0, nextW, nextH);
		if (nextW === width && nextH === height) return canvas;
		[from, w, h] = [canvas, nextW, nextH];
	}
}

/** WebP, or JPEG where the browser cannot make WebP (it then makes PNG instead, without a word). */
export async function encode(canvas: HTMLCanvasElement, quality = QUALITY): Promise<Blob | null> {
	const to = (type: string) => new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
	const webp = await to('image/webp');
	if (webp?.type === 'image/webp') return webp;
	const opaque = blank(canvas.width, canvas.height);
	const context = opaque.getContext('2d');
	if (!context) return null;
	context.fillStyle = '#fff';
	context.fillRect(0, 0, opaque.width, opaque.height);
	context.drawImage(canvas, 0, 0);
	return new Promise<Blob | null>((done) => opaque.toBlob(done, 'image/jpeg', quality));
}

async function isHeic(file: Blob): Promise<boolean> {
	const head = new TextDecoder('latin1').decode(await file.slice(4, 12).arrayBuffer());
	return /^ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/.test(head);
}

/** More than one image in a GIF: each but the first comes after a "graphic control" that follows a block's end. */
async function isAnimated(file: Blob): Promise<boolean> {
	const bytes = new Uint8Array(await file.arrayBuffer());
	let controls = 0;
	for (let at = bytes.indexOf(0x21); at >= 0 && controls < 2; at = bytes.indexOf(0x21, at + 1)) {
		if (bytes[at + 1] === 0xf9 && bytes[at + 2] === 4 && bytes[at + 7] === 0) controls++;
	}
	return controls > 1;
}
