import { describeFailure } from '#lib/server/failure.ts';
import * as notices from '#lib/server/notices.ts';

/**
 * Tells the objects, after the answer, what a change in the database left for them. The cron trigger comes back for what
 * fails now.
 * @param only the room or person that the change was about
 */
export function tell({ db, rooms, inboxes, later }: App.Locals, only: string): void {
	const told = notices.deliver(db, { rooms, inboxes }, only);
	later(
		told.catch((error: unknown) =>
			console.error(JSON.stringify({ event: 'notices_failed', error: describeFailure(error) })),
		),
	);
}
