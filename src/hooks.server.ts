import { building } from '$app/environment';
import {
	error as fail,
	redirect,
	type Handle,
	type HandleServerError,
	type RequestEvent,
} from '@sveltejs/kit';
import { APPEARANCE_COOKIE, appearanceFrom } from '#lib/appearance.ts';
import type { Inboxes } from '#lib/chat/rpc-inbox.ts';
import type { Rooms } from '#lib/chat/rpc.ts';
import { m } from '#lib/paraglide/messages.js';
import { read, type Config } from '#lib/server/config.ts';
import { connect, isUnreachable, type Db } from '#lib/server/db/client.ts';
import { describeFailure } from '#lib/server/failure.ts';
import { mailer, type EmailBinding } from '#lib/server/mail.ts';
import * as people from '#lib/server/people.ts';
import { enter, readCookies } from '#lib/server/session-door.ts';
import { letConnect } from '#lib/server/zego-sources.ts';
import { keep } from './routes/session-cookies.ts';
import { tell } from './routes/tell.ts';

const doors = new WeakMap<object, { db: Db; config: Config }>();

/** Database and configuration of this environment, made once. */
function doorOf(env: App.Platform['env']): { db: Db; config: Config } {
	let made = doors.get(env);
	if (!made) {
		const config = read(env);
		doors.set(env, (made = { db: connect(config), config }));
	}
	return made;
}

export const handle: Handle = async ({ event, resolve }) => {
	if (building) return resolve(event); // files that are made while building are the same for everybody
	await identify(event);
	// Kit takes an action of this name for a mistake of ours, and throws.
	if (event.url.searchParams.has('/default')) fail(404, m.error_404_text());
	// And it answers 501 where the data of a page is asked for by other methods than pages have.
	if (event.isDataRequest && !['GET', 'HEAD'].includes(event.request.method))
		return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
	if (event.route.id?.startsWith('/(app)') && !event.locals.me) {
		// Back to the page that was asked for; a form action is not a page.
		const asked = event.request.method === 'GET' ? event.url.pathname + event.url.search : event.url.pathname;
		redirect(303, `/login?next=${encodeURIComponent(asked)}`);
	}
	const appearance = appearanceFrom(event.cookies.get(APPEARANCE_COOKIE));
	const response = await resolve(event, {
		transformPageChunk: ({ html }) => html.replace('%kith.appearance%', appearance),
		preload: ({ type, path }) =>
			type === 'js' || type === 'css' || (type === 'font' && path.includes('figtree-latin-wght')),
	});
	const policy = response.headers.get('content-security-policy');
	if (policy)
		response.headers.set('content-security-policy', letConnect(policy, event.locals.config.calls.sources));
	if (event.locals.me && !response.headers.has('cache-control')) {
		response.headers.set('cache-control', 'private, no-cache');
	}
	return response;
};

/** Who asks: fills in the locals, and keeps the cookies as the session door wants them. */
async function identify({ platform, locals, request, cookies }: RequestEvent): Promise<void> {
	if (!platform) throw new Error('There is no Workers platform here: see npm start and npm run dev.');
	const door = doorOf(platform.env);
	locals.db = door.db;
	locals.config = door.config;
	locals.rooms = platform.env.ROOMS as Rooms;
	locals.mail = mailer(door.config, platform.env.EMAIL as EmailBinding | undefined);
	locals.inboxes = platform.env.INBOXES as Inboxes;
	locals.zone = platform.cf?.timezone;
	locals.later = (work) => platform.ctx.waitUntil(work);
	locals.me = null;
	locals.session = null;
	try {
		const entry = await enter(door, readCookies(request.headers.get('cookie')), new Date());
		if (entry.unreachable) fail(503, m.error_unreachable());
		keep(cookies, entry);
		if (entry.ended) tell(locals, entry.ended);
		if (!entry.who) return;
		locals.me = await people.signedIn(door.db, entry.who);
		if (locals.me) locals.session = entry.who.session;
		else keep(cookies, { clear: true });
	} catch (error) {
		if (isUnreachable(error)) fail(503, m.error_unreachable());
		throw error;
	}
}

/** A bug, or a database that is away: one line in the log, and a sentence and the line's id for the person. */
export const handleError: HandleServerError = ({ error, event, status, message }) => {
	if (status < 500) return { message }; // an address, a method or a body that is none of ours
	const id = crypto.randomUUID().slice(0, 13);
	const { method } = event.request;
	const path = event.url.pathname;
	console.error(JSON.stringify({ event: 'page_failed', id, method, path, error: describeFailure(error) }));
	return { message: isUnreachable(error) ? m.error_unreachable() : m.error_500_text(), id };
};
