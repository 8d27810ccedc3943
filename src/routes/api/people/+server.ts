import * as people from '#lib/server/people.ts';
import { endpoint } from '../endpoint.ts';

export const GET = endpoint(async ({ event, me }) => {
	const query = (event.url.searchParams.get('q') ?? '').trim().slice(0, 100);
	return { people: query ? await people.search(event.locals.db, me.id, query) : [] };
});
