import * as notices from '#lib/server/notices.ts';
import type { Env } from './env.ts';
import { log } from './log.ts';
import { door } from './session.ts';

/** Tells the objects what a crash left untold. Runs by the cron trigger; what fails now is tried again at the next one. */
export async function sweep(_: ScheduledController, env: Env): Promise<void> {
	try {
		const failed = (room: string, error: unknown) => log({ event: 'notice_failed', room, error });
		const count = await notices.deliver(door(env).db, env.ROOMS, undefined, failed);
		if (count > 0) log({ event: 'notices_delivered', count });
	} catch (error) {
		log({ event: 'notices_failed', error });
	}
}
