import * as friends from '#lib/server/friends.ts';
import * as notices from '#lib/server/notices.ts';
import { endpoint } from '../../endpoint.ts';
import { noContent, problem } from '../../problem.ts';

export const DELETE = endpoint(async ({ event, me }) => {
	const { db, rooms, inboxes, later } = event.locals;
	const ended = await friends.end(db, me.id, event.params.room ?? '', new Date());
	if (!ended.ok) return problem(404, 'unknown_room', 'There is no such room.');
	later(notices.deliver(db, { rooms, inboxes }, ended.room));
	return noContent();
});
