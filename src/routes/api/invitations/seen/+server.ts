import * as invitations from '#lib/server/invitations.ts';
import { endpoint } from '../../endpoint.ts';
import { noContent } from '../../problem.ts';

export const POST = endpoint(async ({ event, me }) => {
	const { db, inboxes, later } = event.locals;
	await invitations.markSeen(db, me.id, new Date());
	later(inboxes.getByName(me.id).refresh());
	return noContent();
});
