import { redirect, type RequestHandler } from '@sveltejs/kit';
import * as sessions from '#lib/server/sessions.ts';
import { keep } from '../session-cookies.ts';
import { tell } from '../tell.ts';

export const POST: RequestHandler = async ({ locals, cookies }) => {
	if (locals.session) {
		await sessions.end(locals.db, locals.session);
		if (locals.me) tell(locals, locals.me.id);
	}
	keep(cookies, { clear: true });
	redirect(303, '/');
};
