import * as v from 'valibot';
import { logQuery } from '#lib/api/contract.ts';
import { endpoint } from '../../../endpoint.ts';
import { problem } from '../../../problem.ts';
import { roomOf } from '../room.ts';

export const GET = endpoint(async (asked) => {
	const room = await roomOf(asked);
	if (room instanceof Response) return room;
	const query = v.safeParse(logQuery, Object.fromEntries(asked.event.url.searchParams));
	if (!query.success) return problem(400, 'malformed', 'The query does not have the form this takes.');
	const { revision, ...range } = query.output;
	return revision === undefined
		? room.rpc.history(asked.me.id, range)
		: room.rpc.since(asked.me.id, { last: range.after ?? 0, revision });
});
