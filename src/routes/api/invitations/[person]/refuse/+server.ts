import * as invitations from '#lib/server/invitations.ts';
import * as notices from '#lib/server/notices.ts';
import { endpoint } from '../../../endpoint.ts';
import { noContent, problem } from '../../../problem.ts';

export const POST = endpoint(async ({ event, me }) => {
	const { db, rooms, inboxes, later } = event.locals;
	const refused = await invitations.refuse(db, me.id, event.params.person ?? '', new Date());
	if (!refused.ok) return problem(404, 'gone', 'There is no such invitation.');
	later(notices.deliver(db, { rooms, inboxes }, refused.room));
	return noContent();
});
