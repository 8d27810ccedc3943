import { contains, type Bytes } from './bytes.ts';
import { readAvif } from './avif.ts';
import { readGif } from './gif.ts';
import { exifTellsWhere, textTellsWhere } from './gps.ts';
import { readJpeg } from './jpeg.ts';
import { readPng } from './png.ts';
import type { PictureType } from './sniff.ts';
import { readWebp } from './webp.ts';

/** What a reader of one format finds, walking the file from its first byte to its last. */
export interface Read {
	width: number;
	height: number;
	/** EXIF blocks (TIFF), and everything else that is neither structure nor picture: comments, XMP, profiles. */
	exif: Bytes[];
	other: Bytes[];
}
/** `truncated`: it ends early. `polyglot`: it goes on after its end. `malformed`: it is not what its first bytes say. */
export type Flaw = 'truncated' | 'polyglot' | 'malformed';

export type Inspected =
	{ ok: true; width: number; height: number } | { ok: false; code: Flaw | 'gps' | 'too_many_pixels' };

/** A decoded picture takes four bytes a pixel: this is 256 MB on the telephone that shows it. */
export const PIXELS_MAX = 64 * 1024 * 1024;

const READERS: Record<PictureType, (bytes: Bytes) => Read | Flaw> = {
	'image/jpeg': readJpeg,
	'image/png': readPng,
	'image/webp': readWebp,
	'image/gif': readGif,
	'image/avif': readAvif,
};

/** Beginnings of things that something else than a picture decoder might run, hidden where pictures keep their notes. */
const ACTIVE = [
	'<script',
	'<SCRIPT',
	'<html',
	'<HTML',
	'<!doctype',
	'<!DOCTYPE',
	'<svg',
	'<?php',
	'%PDF-',
	'PK\x03\x04',
];

/**
 * Looks at a whole picture: is it complete, is it nothing else besides, does it say where it was taken?
 * @param bytes all of it, whose type `sniff` has named
 */
export function inspect(bytes: Bytes, type: PictureType): Inspected {
	const read = READERS[type](bytes);
	if (typeof read === 'string') return { ok: false, code: read };
	const { width, height, exif, other } = read;
	if (width < 1 || height < 1) return { ok: false, code: 'malformed' };
	if (width * height > PIXELS_MAX) return { ok: false, code: 'too_many_pixels' };
	if (other.some((part) => ACTIVE.some((beginning) => contains(part, beginning)))) {
		return { ok: false, code: 'polyglot' };
	}
	if (exif.some((block) => exifTellsWhere(block)) || other.some((part) => textTellsWhere(part))) {
		return { ok: false, code: 'gps' };
	}
	return { ok: true, width, height };
}
