import * as invitations from '#lib/server/invitations.ts';
import { endpoint } from '../../endpoint.ts';
import { noContent } from '../../problem.ts';

export const POST = endpoint(async ({ event, me }) => {
	await invitations.markSeen(event.locals.db, me.id, new Date());
	return noContent();
});
