/**
 * The average colour of a thumbhash, for CSS: read from its first bytes (https://evanw.github.io/thumbhash/), so that a page needs
 * nothing else to give a picture its place.
 * @param hash in base64
 * @returns null when the hash is none
 */
export function averageColour(hash: string): string | null {
	try {
		const bytes = Uint8Array.from(atob(hash), (letter) => letter.charCodeAt(0));
		const [first = 0, second = 0, third = 0] = bytes;
		const header = first | (second << 8) | (third << 16);
		if (bytes.length < 5) return null;
		// Luminance, yellow against blue, red against green: 6 bits each, then whether there is transparency.
		const l = (header & 63) / 63;
		const p = ((header >> 6) & 63) / 31.5 - 1;
		const q = ((header >> 12) & 63) / 31.5 - 1;
		const alpha = header >> 23 ? ((bytes[5] ?? 15) & 15) / 15 : 1;
		const blue = l - (2 / 3) * p;
		const red = (3 * l - blue + q) / 2;
		const part = (value: number) => Math.round(Math.min(1, Math.max(0, value)) * 255);
		return `rgb(${part(red)} ${part(red - q)} ${part(blue)} / ${alpha.toFixed(2)})`;
	} catch {
		return null;
	}
}
