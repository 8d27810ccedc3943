import * as attempts from '#lib/server/attempts.ts';
import * as notices from '#lib/server/notices.ts';
import * as passwordResets from '#lib/server/password-resets.ts';
import * as sessions from '#lib/server/sessions.ts';
import type { Env } from './env.ts';
import { log } from './log.ts';
import { door } from './session.ts';

/** Tells the objects what a crash left untold, and once an hour throws away what has run out. Runs by the cron trigger. */
export async function sweep({ scheduledTime }: ScheduledController, env: Env): Promise<void> {
	await tell(env);
	const now = new Date(scheduledTime);
	if (now.getUTCMinutes() !== 0) return;
	try {
		for (const outdated of [sessions, attempts, passwordResets]) await outdated.sweep(door(env).db, now);
	} catch (error) {
		log({ event: 'sweep_failed', error });
	}
}

/**
 * Tells the objects what changes in the database left for them; what fails now is tried again by the cron trigger.
 * @param only the room or person that a change was about
 */
export async function tell(env: Env, only?: string): Promise<void> {
	try {
		const failed = (target: string, error: unknown) => log({ event: 'notice_failed', target, error });
		const objects = { rooms: env.ROOMS, inboxes: env.INBOXES };
		const count = await notices.deliver(door(env).db, objects, only, failed);
		if (count > 0) log({ event: 'notices_delivered', count });
	} catch (error) {
		log({ event: 'notices_failed', error });
	}
}
