import { createContext } from 'svelte';
import type { Body } from '#lib/chat/message.ts';
import { clock } from '#lib/format/length.ts';
import { m } from '#lib/paraglide/messages.js';

export type CallBody = Extract<Body, { kind: 'call' }>;

/** The outcome of a call as one of its two people sees it: "Missed", "Declined", "0:42". */
export function outcomeWord(
	{ outcome, duration }: Pick<CallBody, 'outcome' | 'duration'>,
	mine: boolean,
): string {
	switch (outcome) {
		case null:
			return m.call_log_on();
		case 'finished':
			return clock(duration);
		case 'missed':
			return mine ? m.call_log_unanswered() : m.call_log_missed();
		case 'cancelled':
			return mine ? m.call_log_cancelled() : m.call_log_missed();
		case 'busy':
			return mine ? m.call_log_busy() : m.call_log_missed();
		case 'declined':
			return m.call_log_declined();
		case 'failed':
			return m.call_log_failed();
	}
}

/** Did this person miss it? */
export function wasMissed({ outcome }: Pick<CallBody, 'outcome'>, mine: boolean): boolean {
	return !mine && (outcome === 'missed' || outcome === 'cancelled' || outcome === 'busy');
}

/** How an entry of the log calls back; undefined where nobody can be called. */
export interface CallBack {
	readonly back: ((kind: 'voice' | 'video') => void) | undefined;
}

export const [getCallBack, setCallBack] = createContext<CallBack>();
