import { fail, redirect } from '@sveltejs/kit';
import { deviceName } from '#lib/format/device.ts';
import { nextPage } from '#lib/next-page.ts';
import { m } from '#lib/paraglide/messages.js';
import { waitSentence } from '#lib/sentences.ts';
import * as sessions from '#lib/server/sessions.ts';
import { formOf, text } from '../../form-text.ts';
import { keep } from '../../session-cookies.ts';
import type { Actions } from './$types';

export const actions: Actions = {
	default: async ({ request, locals, cookies, url, getClientAddress }) => {
		const form = await formOf(request);
		const login = text(form, 'login');
		const password = text(form, 'password');
		const device = deviceName(request.headers.get('user-agent'));
		const entered = await sessions.logIn(
			locals.db,
			locals.config,
			{ login, password, device, address: getClientAddress() },
			new Date(),
		);
		if (!entered.ok) {
			return entered.code === 'too_many'
				? fail(429, {
						login,
						error: m.error_too_many({ wait: waitSentence(entered.retryAfterSeconds ?? 60) }),
					})
				: fail(400, { login, error: m.error_log_in_wrong() });
		}
		keep(cookies, { set: entered.tokens });
		redirect(303, nextPage(url.searchParams.get('next')));
	},
};
