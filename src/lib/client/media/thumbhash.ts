import { rgbaToThumbHash, thumbHashToDataURL } from 'thumbhash';

/** A picture of a few bytes that stands where the real one will be. */

const SIDE = 100;

/** Makes it from anything that can be drawn. */
export function thumbhashOf(source: CanvasImageSource, width: number, height: number): string {
	const scale = Math.min(1, SIDE / Math.max(width, height));
	const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
	const canvas = document.createElement('canvas');
	canvas.width = w;
	canvas.height = h;
	const context = canvas.getContext('2d', { willReadFrequently: true });
	if (!context) throw new Error('There is no canvas.');
	context.drawImage(source, 0, 0, w, h);
	const hash = rgbaToThumbHash(w, h, context.getImageData(0, 0, w, h).data);
	return btoa(String.fromCharCode(...hash));
}

function bytesOf(hash: string): Uint8Array {
	return Uint8Array.from(atob(hash), (letter) => letter.charCodeAt(0));
}

/** A small blurred picture as a `data:` address, or null when the hash is none. */
export function placeholderOf(hash: string): string | null {
	try {
		return thumbHashToDataURL(bytesOf(hash));
	} catch {
		return null;
	}
}
