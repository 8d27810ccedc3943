import { redirect, type RequestHandler } from '@sveltejs/kit';
import * as sessions from '#lib/server/sessions.ts';
import { revoke } from '../revoke.ts';
import { keep } from '../session-cookies.ts';

export const POST: RequestHandler = async ({ locals, cookies }) => {
	if (locals.session) {
		await sessions.end(locals.db, locals.session);
		revoke(locals, [locals.session]);
	}
	keep(cookies, { clear: true });
	redirect(303, '/');
};
