import * as invitations from '#lib/server/invitations.ts';
import { endpoint } from '../endpoint.ts';

export const GET = endpoint(async ({ event, me }) => {
	const { db } = event.locals;
	const [received, sent] = await Promise.all([invitations.received(db, me.id), invitations.sent(db, me.id)]);
	return { received, sent };
});
