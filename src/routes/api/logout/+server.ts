import * as sessions from '#lib/server/sessions.ts';
import { endpoint } from '../endpoint.ts';
import { noContent } from '../problem.ts';

export const POST = endpoint(async ({ event, session }) => {
	await sessions.end(event.locals.db, session);
	return noContent();
});
