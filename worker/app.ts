import { Hono } from 'hono';
import { isUnreachable } from '#lib/server/db/client.ts';
import * as people from '#lib/server/people.ts';
import { identifyAdmitted } from './admission.ts';
import type { Env } from './env.ts';
import { log, newFailureId } from './log.ts';
import { problem, unavailable } from './problem.ts';
import { archiveRoutes } from './routes/archive.ts';
import { avatarRoutes, type AvatarPorts } from './routes/avatars.ts';
import { mediaRoutes, type MediaPorts } from './routes/media.ts';
import { openInbox } from './routes/inbox.ts';
import { noticeRoutes } from './routes/notices.ts';
import { openRoom } from './routes/rooms.ts';
import { secured } from './security-headers.ts';
import { door } from './session.ts';

/** What is left of the built SvelteKit worker to us: a function from requests to pages. */
export interface Pages {
	fetch(request: Request, env: Env, ctx: ExecutionContext): Response | Promise<Response>;
}

/** Where the doors for bytes find everything else. */
const ports: MediaPorts & AvatarPorts = {
	identify: identifyAdmitted,
	room: (env, name) => env.ROOMS.getByName(name),
	setAvatar: (env, person, version) => people.setAvatar(door(env).db, person, version),
};

/** The outer Worker: sockets and bytes first, everything else is a page. */
export function createApp({ pages }: { pages: Pages }): Hono<{ Bindings: Env }> {
	const app = new Hono<{ Bindings: Env }>();

	app.get('/ws/chat/:room', openRoom);
	app.get('/ws/inbox', openInbox);
	app.route('/', mediaRoutes(ports));
	app.route('/', avatarRoutes(ports));
	app.route('/', archiveRoutes);
	app.route('/', noticeRoutes);
	app.all('/ws/*', () => problem(404, 'unknown_address', 'There is nothing at this address.'));
	app.all('*', async (c) => secured(await pages.fetch(c.req.raw, c.env, c.executionCtx as ExecutionContext)));

	app.onError((error, c) => {
		const id = newFailureId();
		log({ event: 'request_failed', id, method: c.req.method, path: c.req.path, error });
		return isUnreachable(error)
			? unavailable('Kith cannot reach its database. Try again in a moment.', { id })
			: problem(500, 'failed', 'Something went wrong on our side.', { id });
	});
	return app;
}
