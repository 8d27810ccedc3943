import * as v from 'valibot';
import type { PersonId } from './room-name.ts';

/**
 * Pictures, voice messages and clips. Their bytes go to `/media/:room` under an id that their sender makes; a message
 * then refers to that id. Sizes are in bytes, times in milliseconds, sides in pixels.
 */

export const MEDIA_KINDS = ['photo', 'voice', 'clip'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export const MEDIA_MAX_BYTES: Record<MediaKind, number> = {
	photo: 10 * 1024 * 1024,
	voice: 16 * 1024 * 1024,
	clip: 64 * 1024 * 1024,
};
export const VOICE_MAX_MS = 15 * 60_000;
/** So long before the end, the person who records is told. */
export const VOICE_WARNING_MS = 10_000;
export const CLIP_MAX_MS = 3 * 60_000;

/** The longer side of a picture as it is sent, and the side of a profile photo. */
export const PHOTO_SIDE_MAX = 2048;
export const AVATAR_SIDE = 512;
export const AVATAR_MAX_BYTES = 512 * 1024;

/** A voice message is drawn as so many bars, each from 0 (silence) to PEAK_MAX. */
export const PEAKS = 64;
export const PEAK_MAX = 100;

/** Uploads that no message refers to by then are deleted. */
export const UNUSED_MEDIA_LIFE_MS = 24 * 60 * 60_000;
/** So many of them may wait in one room for one person. */
export const UNUSED_MEDIA_MAX = 100;

/** Made by the sender, unique in the room for ever. A UUID fits. */
export const mediaId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/));

const whole = (min: number, max: number) =>
	v.pipe(v.number(), v.safeInteger(), v.minValue(min), v.maxValue(max));
/** Reserves the space before the bytes are there. */
const side = whole(1, 65_535);
/** A thumbhash in base64: 5 to 25 bytes (https://evanw.github.io/thumbhash/). */
const thumbhash = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]{6,36}={0,2}$/));

/** What a message says of its media, beside its caption. The bytes are at `/media/:room/<media>`. */
export const photoEntries = {
	kind: v.literal('photo'),
	media: mediaId,
	width: side,
	height: side,
	thumbhash: v.optional(thumbhash),
};
export const voiceEntries = {
	kind: v.literal('voice'),
	media: mediaId,
	duration: whole(1, VOICE_MAX_MS + 1_000),
	peaks: v.pipe(v.array(whole(0, PEAK_MAX)), v.length(PEAKS)),
};
export const clipEntries = {
	kind: v.literal('clip'),
	media: mediaId,
	/** A picture of its first moments, uploaded like a photo. */
	poster: v.optional(mediaId),
	width: side,
	height: side,
	duration: whole(1, CLIP_MAX_MS + 1_000),
	thumbhash: v.optional(thumbhash),
};

export const photo = v.object(photoEntries);
export const voice = v.object(voiceEntries);
export const clip = v.object(clipEntries);
export type Photo = v.InferOutput<typeof photo>;
export type Voice = v.InferOutput<typeof voice>;
export type Clip = v.InferOutput<typeof clip>;
export type MediaBody = Photo | Voice | Clip;

/** The uploads a message refers to, with the kind that each of them must be. */
export function mediaOf(body: { kind: string }): { id: string; kind: MediaKind }[] {
	const one = body as MediaBody;
	if (one.kind === 'photo' || one.kind === 'voice') return [{ id: one.media, kind: one.kind }];
	if (one.kind !== 'clip') return [];
	const poster = one.poster ? [{ id: one.poster, kind: 'photo' as const }] : [];
	return [{ id: one.media, kind: 'clip' }, ...poster];
}

/** Where the bytes are, for `src`. */
export function mediaUrl(room: string, id: string): string {
	return `/media/${room}/${id}`;
}

/** A profile photo has a new address with every version, and may be cached for ever. */
export function avatarUrl(person: PersonId, version: string): string {
	return `/avatars/${person}/${version}`;
}

/** The answer to an upload (201, or 200 when it was there already). */
export const uploaded = v.object({
	id: mediaId,
	kind: v.picklist(MEDIA_KINDS),
	type: v.string(),
	size: whole(1, 2 ** 40),
});
export type Uploaded = v.InferOutput<typeof uploaded>;

/** What the sender of an upload is told when it is not taken. Stable: clients have a sentence for each. */
export const UPLOAD_REFUSALS = [
	'no_session',
	'foreign_origin',
	'unknown_room',
	'bad_id',
	'ended', // the friendship has ended: read only
	'length_required',
	'too_big',
	'unsupported', // not on the list of types
	'heic', // a picture that most browsers cannot show
	'incomplete', // fewer bytes came than were announced
	'truncated', // a picture that ends early
	'malformed',
	'polyglot', // a picture that is something else as well
	'gps', // it says where it was taken
	'not_square', // a profile photo
	'too_many_pixels',
	'id_taken', // this id already names something else
	'gone', // it was sent and deleted
	'too_many', // too many uploads that no message uses
	'slow_down',
] as const;
export type UploadRefusal = (typeof UPLOAD_REFUSALS)[number];

/** What an upload announces about itself once its first bytes (a picture: all of them) have been looked at. */
export interface Announced {
	id: string;
	kind: MediaKind;
	type: string;
	size: number;
}

export type Reserved =
	/** `stored`: these very bytes are here already, from an earlier try whose answer was lost. */
	| { ok: true; stored: boolean }
	| { ok: false; code: 'unknown_room' | 'ended' | 'id_taken' | 'gone' | 'too_many' };

/** What the door for media asks of a Room. The Room hears of an id before its bytes go in, and can always clean up. */
export interface RoomMediaRpc {
	reserveMedia(person: PersonId, announced: Announced): Promise<Reserved>;
	/**
	 * The bytes are in.
	 * @returns false when the id was deleted meanwhile: the caller then deletes the bytes
	 */
	mediaStored(person: PersonId, id: string): Promise<boolean>;
	/**
	 * May these bytes be looked at? Yes from the moment they are all in until their message is deleted, or until nobody has
	 * used them in time; what still lies in the bucket after that is nobody's any more.
	 */
	hasMedia(reader: PersonId, id: string): Promise<boolean>;
	/** The bytes did not come: forget the reservation unless an earlier try stored them. */
	releaseMedia(person: PersonId, id: string): Promise<void>;
}
