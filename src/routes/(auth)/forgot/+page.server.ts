import { fail } from '@sveltejs/kit';
import { m } from '#lib/paraglide/messages.js';
import { fieldSentences, waitSentence } from '#lib/sentences.ts';
import * as attempts from '#lib/server/attempts.ts';
import * as passwordResets from '#lib/server/password-resets.ts';
import { readEmail } from '#lib/server/profile-fields.ts';
import { formOf, text } from '../../form-text.ts';
import type { Actions } from './$types';

export const actions: Actions = {
	default: async ({ request, url, locals, getClientAddress }) => {
		const email = text(await formOf(request), 'email');
		const read = readEmail(email);
		if ('code' in read) return fail(400, { email, fields: fieldSentences({ email: read.code }) });
		const { db, config, mail, later } = locals;
		const now = new Date();
		for (const key of [`reset:address:${attempts.network(getClientAddress())}`, `reset:email:${email}`]) {
			const allowed = await attempts.take(db, key.toLowerCase(), config.limits.resetPerAddress, now);
			if (allowed.ok) continue;
			const wait = waitSentence(allowed.retryAfterSeconds);
			return fail(429, { email, error: m.error_too_many({ wait }) });
		}
		// After the answer, so that its time does not tell whether there is such an account.
		later(
			passwordResets.request(db, read.value, now).then(async (made) => {
				if (!made) return;
				const link = `${url.origin}/reset/${made.token}`;
				const subject = m.mail_reset_subject();
				await mail({ to: made.to, subject, text: m.mail_reset_text({ name: made.name, link }) });
			}),
		);
		return { sent: true };
	},
};
