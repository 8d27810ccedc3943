import type { Shown } from '#lib/chat/presence.ts';
import type { Preview } from '#lib/chat/summary.ts';
import { clock } from '#lib/format/length.ts';
import { moment, type Place } from '#lib/format/time.ts';
import { m } from '#lib/paraglide/messages.js';

/** What lists and headers say of a message and of a person, in one line. */

/** A message as the chats list says it: "You: …", "Photo", "Voice message, 0:16", "Missed call". */
export function previewWords({ from, preview }: { from: string; preview: Preview }, me: string): string {
	const words = bodyWords(preview, from === me);
	return from === me && preview.kind !== 'call' ? m.preview_mine({ preview: words }) : words;
}

function bodyWords(preview: Preview, mine: boolean): string {
	switch (preview.kind) {
		case 'text':
			return preview.text;
		case 'photo':
			return preview.caption ?? m.preview_photo();
		case 'clip':
			return preview.caption ?? m.preview_video();
		case 'voice':
			return m.preview_voice({ length: clock(preview.duration) });
		case 'call':
			if (preview.outcome === null) return m.preview_call_now();
			if (preview.outcome === 'finished') return m.preview_call({ length: clock(preview.duration) });
			return mine ? m.preview_call_unanswered() : m.preview_call_missed();
		case 'deleted':
			return m.message_deleted();
	}
}

/** "Active now", "Active 12 min ago", "Active Friday"; nothing where nothing is known, or may be. */
export function presenceWords(shown: Shown, place: Place & { now: number }): string {
	switch (shown.kind) {
		case 'active':
			return m.active_now();
		case 'minutes':
			return m.active_minutes({ minutes: shown.minutes });
		case 'hours':
			return m.active_hours({ hours: shown.hours });
		case 'date':
			return m.active_date({
				date: moment(shown.at, place.now, place, { today: m.today(), yesterday: m.yesterday() }),
			});
		case 'unknown':
			return '';
	}
}
