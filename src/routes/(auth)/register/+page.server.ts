import { fail, redirect } from '@sveltejs/kit';
import { deviceName } from '#lib/format/device.ts';
import { nextPage } from '#lib/next-page.ts';
import { m } from '#lib/paraglide/messages.js';
import { fieldSentences, waitSentence } from '#lib/sentences.ts';
import * as attempts from '#lib/server/attempts.ts';
import * as people from '#lib/server/people.ts';
import * as sessions from '#lib/server/sessions.ts';
import { formOf, text } from '../../form-text.ts';
import { keep } from '../../session-cookies.ts';
import type { Actions } from './$types';

export const actions: Actions = {
	default: async ({ request, locals: { db, config }, cookies, url, getClientAddress }) => {
		const form = await formOf(request);
		const given = {
			username: text(form, 'username'),
			email: text(form, 'email'),
			phone: text(form, 'phone'),
			about: text(form, 'about'),
		};
		const now = new Date();
		const allowed = await attempts.take(
			db,
			`register:address:${attempts.network(getClientAddress())}`,
			config.limits.registerPerAddress,
			now,
		);
		if (!allowed.ok) {
			const wait = waitSentence(allowed.retryAfterSeconds);
			return fail(429, { ...given, fields: {}, error: m.error_too_many({ wait }) });
		}
		const registered = await people.register(db, { ...given, password: text(form, 'password') }, now);
		if (!registered.ok) {
			return fail(400, {
				...given,
				fields: fieldSentences(registered.fields),
				error: m.error_check_fields(),
			});
		}
		const device = deviceName(request.headers.get('user-agent'));
		keep(cookies, { set: await sessions.open(db, config, registered.person.id, device, now) });
		redirect(303, nextPage(url.searchParams.get('next')));
	},
};
