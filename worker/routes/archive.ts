import { Hono } from 'hono';
import * as v from 'valibot';
import * as archiveCheck from '#lib/server/archive-check.ts';
import type { Env } from '../env.ts';
import { parseRoomName } from '#lib/chat/room-name.ts';
import { refuseStrangers } from '../operator.ts';
import { problem } from '../problem.ts';
import { door } from '../session.ts';

const asked = v.object({
	from: v.optional(v.nullable(archiveCheck.place), null),
	only: v.optional(
		v.pipe(
			v.string(),
			v.check((name) => parseRoomName(name)?.room === name),
		),
	),
});

/** For whoever runs this Kith: compares the rooms' logs with the archive, a part at a time (scripts/archive-verify.ts). */
export const archiveRoutes = new Hono<{ Bindings: Env }>().post('/operator/archive', async (c) => {
	const refused = await refuseStrangers(c, 'archive:verify');
	if (refused) return refused;
	const body = v.safeParse(asked, await c.req.json().catch(() => null));
	if (!body.success) return problem(400, 'malformed', 'Say where to go on, or nothing.');
	const { from, only } = body.output;
	const compared = await archiveCheck.compare(door(c.env).db, c.env.ROOMS, from, only);
	return Response.json(compared, { headers: { 'cache-control': 'no-store' } });
});
