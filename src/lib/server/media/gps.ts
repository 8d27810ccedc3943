import { contains, startsWith, u16, u16le, u32, u32le, type Bytes } from './bytes.ts';

const GPS_IFD = 0x8825;
const GPS_VERSION = 0;

/**
 * Does this EXIF block (a TIFF file within the file: Exif 2.32, 4.6) say where the picture was taken? A block that
 * cannot be followed counts as one that does: nobody can vouch for it.
 */
export function exifTellsWhere(block: Bytes): boolean {
	const tiff = startsWith(block, 'Exif\0') ? block.subarray(6) : block;
	const little = startsWith(tiff, 'II*\0');
	if (!little && !startsWith(tiff, 'MM\0*')) return tiff.length > 0;
	const short = little ? u16le : u16;
	const long = little ? u32le : u32;

	// IFD0 and the ones chained to it (a thumbnail's); more than a few is a trap.
	let at = long(tiff, 4);
	for (let hops = 0; at !== 0; hops++) {
		const entries = short(tiff, at);
		const end = at + 2 + entries * 12;
		if (hops > 8 || at < 8 || end > tiff.length) return true;
		for (let entry = at + 2; entry < end; entry += 12) {
			if (short(tiff, entry) !== GPS_IFD) continue;
			const gps = long(tiff, entry + 8);
			const count = short(tiff, gps);
			if (gps < 8 || gps + 2 + count * 12 > tiff.length) return true;
			for (let i = 0; i < count; i++) if (short(tiff, gps + 2 + i * 12) !== GPS_VERSION) return true;
		}
		at = end + 4 <= tiff.length ? long(tiff, end) : 0;
	}
	return false;
}

/** Does this text (XMP, or what a program wrote beside it) name a place? */
export function textTellsWhere(text: Bytes): boolean {
	return contains(text, 'GPSLatitude') || contains(text, 'GPSLongitude') || contains(text, 'GPSPosition');
}
