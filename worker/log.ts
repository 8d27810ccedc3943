import { describeFailure } from '#lib/server/failure.ts';

/** Everything the Worker writes to its log: one JSON object a line, one of these. Never what people wrote. */
export type Event =
	| { event: 'request_failed'; id: string; method: string; path: string; error: unknown }
	| { event: 'room_failed'; id: string; room: string; doing: string; error: unknown }
	| { event: 'no_relay'; error: unknown }
	| { event: 'inbox_failed'; id: string; inbox: string; doing: string; error: unknown }
	/** An object could not reach another, or the database. It tries again by itself. */
	| { event: 'call_failed'; of: string; call: string; error: unknown }
	| { event: 'notices_delivered'; count: number }
	| { event: 'notice_failed'; target: string; error: unknown }
	| { event: 'notices_failed'; error: unknown }
	| { event: 'sweep_failed'; error: unknown };

export function log(event: Event): void {
	if ('error' in event) console.error(JSON.stringify({ ...event, error: describeFailure(event.error) }));
	else console.log(JSON.stringify(event));
}

/** An id that names one line of the log, short enough to be read out by the person who saw it. */
export function newFailureId(): string {
	return crypto.randomUUID().slice(0, 13);
}
