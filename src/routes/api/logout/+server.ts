import * as sessions from '#lib/server/sessions.ts';
import { endpoint } from '../endpoint.ts';
import { noContent } from '../problem.ts';

export const POST = endpoint(async ({ event, me, session }) => {
	const { db, inboxes, later } = event.locals;
	await sessions.end(db, session);
	later(inboxes.getByName(me.id).revoke(session));
	return noContent();
});
