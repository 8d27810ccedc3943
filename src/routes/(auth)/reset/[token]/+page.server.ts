import { fail, redirect } from '@sveltejs/kit';
import { deviceName } from '#lib/format/device.ts';
import { m } from '#lib/paraglide/messages.js';
import { fieldSentences } from '#lib/sentences.ts';
import * as passwordResets from '#lib/server/password-resets.ts';
import * as sessions from '#lib/server/sessions.ts';
import { formOf, text } from '../../../form-text.ts';
import { keep } from '../../../session-cookies.ts';
import { tell } from '../../../tell.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, setHeaders }) => {
	// The token is in the address; that no Referer takes it elsewhere is the policy of every page.
	setHeaders({ 'cache-control': 'no-store' });
	const found = await passwordResets.find(locals.db, params.token, new Date());
	return { username: found?.username ?? null };
};

export const actions: Actions = {
	default: async ({ request, locals, params, cookies }) => {
		const { db, config } = locals;
		const now = new Date();
		const password = text(await formOf(request), 'password');
		const used = await passwordResets.use(db, params.token, password, now);
		if (!used.ok && used.code === 'gone') return fail(410, { error: m.reset_gone_text() });
		if (!used.ok) return fail(400, { fields: fieldSentences(used.fields) });
		tell(locals, used.person);
		const device = deviceName(request.headers.get('user-agent'));
		keep(cookies, { set: await sessions.open(db, config, used.person, device, now) });
		redirect(303, '/chats');
	},
};
