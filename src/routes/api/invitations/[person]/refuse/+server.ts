import * as invitations from '#lib/server/invitations.ts';
import { endpoint } from '../../../endpoint.ts';
import { noContent, problem } from '../../../problem.ts';

export const POST = endpoint(async ({ event, me }) => {
	const refused = await invitations.refuse(event.locals.db, me.id, event.params.person ?? '', new Date());
	return refused.ok ? noContent() : problem(404, 'gone', 'There is no such invitation.');
});
