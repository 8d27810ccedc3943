import { ascii, find, startsWith, u16le, u32, u32le, type Bytes } from './bytes.ts';
import { element, elements, type Element } from './ebml.ts';
import { boxes, brands, descend, inside } from './iso-bmff.ts';

/**
 * What a file is, decided by its bytes. What is not on the list does not exist for us: a file that a browser might
 * run (HTML, SVG, PDF) or cannot show is never stored.
 */
export type PictureType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif' | 'image/avif';
export type AudioType = 'audio/webm' | 'audio/mp4' | 'audio/ogg' | 'audio/wav' | 'audio/mpeg';
export type VideoType = 'video/webm' | 'video/mp4';
export type MediaType = PictureType | AudioType | VideoType;

export type Sniffed =
	| { ok: true; kind: 'photo'; type: PictureType }
	| { ok: true; kind: 'voice'; type: AudioType }
	| { ok: true; kind: 'clip'; type: VideoType }
	/** `heic`: a picture that most browsers cannot show, which deserves a sentence of its own. */
	| { ok: false; code: 'unsupported' | 'heic' };

/** So many bytes are enough to decide, and are read before anything is stored. */
export const HEAD_BYTES = 256 * 1024;

const no = { ok: false, code: 'unsupported' } as const;
const photo = (type: PictureType) => ({ ok: true, kind: 'photo', type }) as const;
const voice = (type: AudioType) => ({ ok: true, kind: 'voice', type }) as const;
const clip = (type: VideoType) => ({ ok: true, kind: 'clip', type }) as const;

/**
 * @param head the first bytes of the file (HEAD_BYTES, or all of a shorter one)
 * @param claimed the type its sender gave. Heard only where an MP4 file keeps its index at its end, and only between
 *   sound and video: the bytes have already said that it is MP4.
 */
export function sniff(head: Bytes, claimed = ''): Sniffed {
	if (startsWith(head, '\xff\xd8\xff')) return photo('image/jpeg');
	if (startsWith(head, '\x89PNG\r\n\x1a\n')) return photo('image/png');
	if (startsWith(head, 'GIF87a') || startsWith(head, 'GIF89a')) return photo('image/gif');
	if (startsWith(head, 'RIFF')) {
		if (startsWith(head, 'WEBPVP8', 8)) return photo('image/webp');
		return startsWith(head, 'WAVE', 8) && isWav(head) ? voice('audio/wav') : no;
	}
	if (startsWith(head, 'ftyp', 4)) return ofBrand(head, claimed);
	if (u32(head, 0) === 0x1a45dfa3) return ofWebm(head);
	if (startsWith(head, 'OggS')) return isOpusInOgg(head) ? voice('audio/ogg') : no;
	return isMp3(head) ? voice('audio/mpeg') : no;
}

/** PCM, float, A-law, µ-law or "extensible" sound. */
function isWav(head: Bytes): boolean {
	for (let at = 12; at + 8 <= head.length;) {
		const size = u32le(head, at + 4);
		if (startsWith(head, 'fmt ', at)) {
			return size >= 16 && size <= 40 && [1, 3, 6, 7, 0xfffe].includes(u16le(head, at + 8));
		}
		at += 8 + size + (size % 2);
	}
	return false;
}

const MP4_BRANDS =
	/^(isom|iso[2-9]|mp4[12]|avc1|M4[ABVP] |mmp4|MSNV|dash|f4v |cmfc|cmf2|3gp\d|3g2[a-c]|hvc1)$/;
/** What may lie at the top of an MP4 file. Anything else there is a file that pretends. */
const MP4_TOP =
	/^(ftyp|moov|mdat|free|skip|wide|uuid|moof|mfra|sidx|ssix|styp|meta|udta|pdin|prft|emsg|pnot|bloc)$/;
const MP4_SOUND = ['mp4a', 'Opus'];
const MP4_VIDEO = ['avc1', 'avc3', 'hvc1', 'hev1', 'vp08', 'vp09', 'av01', 'mp4v'];

function ofBrand(head: Bytes, claimed: string): Sniffed {
	const names = brands(head);
	const major = names[0];
	if (!major) return no;
	if (['avif', 'avis'].some((brand) => names.includes(brand))) return photo('image/avif');
	if (/^(hei[cxms]|hev[cxms]|mif1|msf1)$/.test(major)) return { ok: false, code: 'heic' };
	if (!MP4_BRANDS.test(major)) return no;

	const top = boxes(head, 0, Infinity).boxes;
	if (!top.every((box) => MP4_TOP.test(box.type))) return no;
	const moov = top.find((box) => box.type === 'moov');
	if (!moov) {
		if (!top.some((box) => box.type === 'mdat')) return no;
		return major.startsWith('M4A') || claimed.startsWith('audio/') ? voice('audio/mp4') : clip('video/mp4');
	}

	let sound = false;
	let video = false;
	for (const trak of inside(head, moov).filter((box) => box.type === 'trak')) {
		const handler = descend(head, trak, 'mdia', 'hdlr');
		const samples = descend(head, trak, 'mdia', 'minf', 'stbl', 'stsd');
		if (!handler || !samples) continue;
		const codec = inside(head, samples, 8)[0]?.type ?? '';
		const of = ascii(head, handler.start + 8, 4);
		if (of === 'soun') {
			if (!MP4_SOUND.includes(codec)) return no;
			sound = true;
		} else if (of === 'vide') {
			if (!MP4_VIDEO.includes(codec)) return no;
			video = true;
		}
	}
	if (video) return clip('video/mp4');
	// An index longer than the head may name its video track further on.
	if (moov.end > head.length && !claimed.startsWith('audio/')) return sound ? clip('video/mp4') : no;
	return sound ? voice('audio/mp4') : no;
}

const DOC_TYPE = 0x4282;
const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const TRACK = 0xae;
const TRACK_TYPE = 0x83;
const CODEC = 0x86;

function ofWebm(head: Bytes): Sniffed {
	const text = (of: Element) => ascii(head, of.start, Math.min(of.end - of.start, 32));
	const header = element(head, 0);
	if (!header || header.end > 1024) return no;
	const docType = [...elements(head, header.start, header.end)].find((child) => child.id === DOC_TYPE);
	const segment = element(head, header.end);
	if (!docType || text(docType) !== 'webm' || segment?.id !== SEGMENT) return no;

	for (const part of elements(head, segment.start, segment.end)) {
		if (part.id === CLUSTER) return no;
		if (part.id !== TRACKS) continue;
		let video = false;
		let sound = false;
		for (const track of elements(head, part.start, part.end)) {
			if (track.id !== TRACK) continue;
			const fields = [...elements(head, track.start, track.end)];
			const type = fields.find((field) => field.id === TRACK_TYPE);
			const codecField = fields.find((field) => field.id === CODEC);
			const codec = codecField ? text(codecField) : '';
			if (type && head[type.start] === 1) {
				if (!/^V_(VP8|VP9|AV1)$/.test(codec)) return no;
				video = true;
			} else if (type && head[type.start] === 2) {
				if (codec !== 'A_OPUS') return no;
				sound = true;
			}
		}
		return video ? clip('video/webm') : sound ? voice('audio/webm') : no;
	}
	return no;
}

/** One Opus stream alone in Ogg (RFC 7845): its first page begins the stream and holds the Opus header. */
function isOpusInOgg(head: Bytes): boolean {
	const segments = head[26] ?? 0;
	const payload = 27 + segments;
	if (head[4] !== 0 || !((head[5] ?? 0) & 2) || !startsWith(head, 'OpusHead', payload)) return false;
	let next = payload;
	for (let i = 0; i < segments; i++) next += head[27 + i] ?? 0;
	if (next >= head.length) return true;
	const beginsAnother = ((head[next + 5] ?? 0) & 2) !== 0;
	return startsWith(head, 'OggS', next) && !beginsAnother;
}

const KBPS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const KBPS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/**
 * The length of the MPEG layer III frame that begins here (ISO/IEC 11172-3, 2.4.1.3), or 0 when none does. Frames of
 * "free" bit rate are not counted: they have no length of their own.
 */
export function mp3Frame(bytes: Bytes, at: number): number {
	const [sync, version, rates] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0];
	if (sync !== 0xff || (version & 0xe6) !== 0xe2) return 0;
	const mpeg = (version >> 3) & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
	const rate = [44_100, 48_000, 32_000][(rates >> 2) & 3];
	const kbps = (mpeg === 3 ? KBPS_1 : KBPS_2)[rates >> 4];
	if (mpeg === 1 || !rate || !kbps) return 0;
	const slower = mpeg === 3 ? 1 : mpeg === 2 ? 2 : 4;
	const samples = mpeg === 3 ? 144_000 : 72_000;
	return Math.floor((samples * kbps) / (rate / slower)) + ((rates >> 1) & 1);
}

/** Three frames in a row, or as many as there are: two bytes that look like a frame prove nothing. */
function isMp3(head: Bytes): boolean {
	let at = 0;
	if (startsWith(head, 'ID3')) {
		const size = [6, 7, 8, 9].map((i) => head[i] ?? 0x80);
		if (size.some((byte) => byte > 0x7f)) return false;
		at = 10 + size.reduce((sum, byte) => sum * 128 + byte, 0);
	}
	let frames = 0;
	for (; frames < 3 && at + 4 <= head.length; frames++) {
		const length = mp3Frame(head, at);
		if (!length) return false;
		at += length;
	}
	return frames === 3 || (frames > 0 && at === head.length);
}

const LOCATION = /[+-]\d{1,2}(\.\d+)?[+-]\d{1,3}(\.\d+)?/;

/**
 * Does this piece of an MP4 say where it was filmed (QuickTime `©xyz`, 3GPP `loci`, Apple's location key)? Telephones
 * write it into every clip.
 */
export function tellsWhere(piece: Bytes): boolean {
	for (let at = find(piece, '\xa9xyz'); at >= 0; at = find(piece, '\xa9xyz', at + 1)) {
		if (LOCATION.test(ascii(piece, at + 4, 64))) return true;
	}
	return find(piece, 'loci\0\0\0\0') >= 0 || find(piece, 'com.apple.quicktime.location.ISO6709') >= 0;
}
