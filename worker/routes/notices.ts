import { Hono } from 'hono';
import type { Env } from '../env.ts';
import { refuseStrangers } from '../operator.ts';
import { tell } from '../sweep.ts';

/**
 * For whoever runs this Kith: tells the objects at once what a change in the database left for them, which otherwise waits
 * for the cron trigger (scripts/suspend.ts).
 */
export const noticeRoutes = new Hono<{ Bindings: Env }>().post('/operator/notices', async (c) => {
	const refused = await refuseStrangers(c, 'notices:tell');
	if (refused) return refused;
	await tell(c.env);
	return new Response(null, { status: 204 });
});
