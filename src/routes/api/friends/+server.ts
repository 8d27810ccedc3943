import * as friends from '#lib/server/friends.ts';
import { endpoint } from '../endpoint.ts';

export const GET = endpoint(async ({ event, me }) => ({
	friends: await friends.list(event.locals.db, me.id),
}));
