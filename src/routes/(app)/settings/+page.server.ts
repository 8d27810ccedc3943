import { fail } from '@sveltejs/kit';
import { APPEARANCE_COOKIE, appearanceFrom } from '#lib/appearance.ts';
import { m } from '#lib/paraglide/messages.js';
import { fieldSentences, waitSentence } from '#lib/sentences.ts';
import * as people from '#lib/server/people.ts';
import * as sessions from '#lib/server/sessions.ts';
import { formOf, text } from '../../form-text.ts';
import { tell } from '../../tell.ts';
import { signedIn } from '../signed-in.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, cookies }) => {
	const { id, username, name, about, avatar, phone } = signedIn(locals);
	const devices = await sessions.list(locals.db, id);
	return {
		profile: { id, username, name, about, avatar, phone: phone ?? '' },
		relay: locals.config.calls.relay,
		appearance: appearanceFrom(cookies.get(APPEARANCE_COOKIE)),
		devices: devices.map((session) => ({
			id: session.id,
			device: session.device,
			since: session.createdAt.getTime(),
			current: session.id === locals.session,
		})),
	};
};

/** Which form of the page an answer belongs to. */
const about = <T extends object>(part: 'profile' | 'password', answer: T) => ({ part, ...answer });

export const actions: Actions = {
	profile: async ({ request, locals }) => {
		const me = signedIn(locals);
		const form = await formOf(request);
		const given = { name: text(form, 'name'), about: text(form, 'about'), phone: text(form, 'phone') };
		const updated = await people.updateProfile(locals.db, me.id, given);
		if (!updated.ok) return fail(400, about('profile', { ...given, fields: fieldSentences(updated.fields) }));
		return about('profile', { done: m.saved() });
	},
	appearance: async ({ request, cookies, url }) => {
		const chosen = appearanceFrom(text(await formOf(request), 'appearance'));
		cookies.set(APPEARANCE_COOKIE, chosen, {
			path: '/',
			maxAge: 31_536_000,
			sameSite: 'lax',
			secure: url.protocol === 'https:',
		});
	},
	password: async ({ request, locals }) => {
		const me = signedIn(locals);
		const form = await formOf(request);
		const changed = await people.changePassword(
			locals.db,
			locals.config,
			{ person: me.id, session: locals.session ?? '' },
			{ current: text(form, 'current'), next: text(form, 'next') },
			new Date(),
		);
		if (!changed.ok && 'code' in changed) {
			const error = m.error_too_many({ wait: waitSentence(changed.retryAfterSeconds) });
			return fail(429, about('password', { error }));
		}
		if (!changed.ok) return fail(400, about('password', { fields: fieldSentences(changed.fields) }));
		tell(locals, me.id);
		return about('password', { done: m.password_changed() });
	},
	device: async ({ request, locals }) => {
		const me = signedIn(locals);
		const id = text(await formOf(request), 'session');
		await sessions.endMine(locals.db, me.id, id);
		tell(locals, me.id);
	},
};
