import { mediaUrl } from '#lib/chat/media.ts';
import type { Day } from '#lib/chat/timeline.ts';
import { m } from '#lib/paraglide/messages.js';

/** A picture of a conversation, as it is looked at alone. */
export interface Picture {
	/** The message's. */
	key: string;
	src: string;
	width: number;
	height: number;
	/** Says what it is, to those who do not see it. */
	alt: string;
	caption?: string;
}

/** Where the pictures are, and who the friend is. */
export interface Place {
	room: string;
	name: string;
	/** What is shown in place of an upload's address while its bytes are still here. */
	sources?: ReadonlyMap<string, string> | undefined;
}

/** All pictures of these days, oldest first. */
export function picturesOf(days: readonly Day[], { room, name, sources }: Place): Picture[] {
	return days.flatMap(({ groups }) =>
		groups.flatMap(({ mine, entries }) =>
			entries.flatMap(({ key, body }) => {
				if (body.kind !== 'photo') return [];
				const { media, width, height, caption } = body;
				const src = sources?.get(media) ?? mediaUrl(room, media);
				const alt = caption ?? (mine ? m.media_photo_of_you() : m.media_photo_from({ name }));
				return [{ key, src, width, height, alt, ...(caption ? { caption } : {}) }];
			}),
		),
	);
}
