import * as sessions from '#lib/server/sessions.ts';
import { tell } from '../../tell.ts';
import { endpoint } from '../endpoint.ts';
import { noContent } from '../problem.ts';

export const POST = endpoint(async ({ event, me, session }) => {
	await sessions.end(event.locals.db, session);
	tell(event.locals, me.id);
	return noContent();
});
