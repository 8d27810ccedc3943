import type { Body, Message } from '#lib/chat/message.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import { clock } from '#lib/format/length.ts';
import { m } from '#lib/paraglide/messages.js';

/** Said one after the other; after a long absence only the newest few, nobody listens to a hundred. */
const AT_ONCE = 3;
/** How long a saying stays where a screen reader finds it, in ms. */
const STAYS = 3_000;

interface Saying {
	key: string;
	text: string;
}

/** A message in a few words, for those who do not see it. */
function inWords(body: Body): string {
	switch (body.kind) {
		case 'text':
			return body.text;
		case 'photo':
			return body.caption ? `${m.media_photo()}, ${body.caption}` : m.media_photo();
		case 'clip':
			return body.caption ? `${m.media_clip()}, ${body.caption}` : m.media_clip();
		case 'voice':
			return m.voice_message({ length: clock(body.duration) });
		default:
			return '';
	}
}

/** What the friend says while the page is open, for people who hear it rather than see it. */
export class Announcements {
	sayings = $state.raw<Saying[]>([]);
	#heard: number;

	/** @param heard the number of the last message that was on the page when it opened */
	constructor(heard: number) {
		this.#heard = heard;
	}

	hear(messages: readonly Message[], friend: { id: PersonId; name: string }): void {
		const fresh = messages.filter(({ seq }) => seq > this.#heard);
		const last = fresh.at(-1);
		if (!last) return;
		this.#heard = last.seq;
		const sayings: Saying[] = fresh
			.filter(({ from, body }) => from === friend.id && body.kind !== 'deleted')
			.slice(-AT_ONCE)
			.map(({ id, body }) => ({
				key: id,
				text: m.announce_message({ name: friend.name, text: inWords(body) }),
			}));
		if (sayings.length === 0) return;
		this.sayings = [...this.sayings, ...sayings];
		setTimeout(() => {
			this.sayings = this.sayings.filter((saying) => !sayings.includes(saying));
		}, STAYS);
	}
}
