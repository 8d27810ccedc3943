import { profile } from '#lib/api/contract.ts';
import * as people from '#lib/server/people.ts';
import { endpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';

export const GET = endpoint(async ({ me }) => me);

export const PATCH = endpoint(async ({ event, me, input }) => {
	const changed = await people.updateProfile(event.locals.db, me.id, input);
	return changed.ok
		? changed.person
		: problem(422, 'fields', 'Some fields cannot be as they are.', { fields: changed.fields });
}, profile);
