import * as invitations from '#lib/server/invitations.ts';
import { formOf, text } from '../../../form-text.ts';
import { invitationActions } from '../invitation-actions.ts';
import { signedIn } from '../../signed-in.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, isDataRequest, request }) => {
	const me = signedIn(locals);
	// Before they are read: one that arrives in between was not shown, and stays unseen.
	const now = new Date();
	const [received, sent] = await Promise.all([
		invitations.received(locals.db, me.id),
		invitations.sent(locals.db, me.id),
	]);
	// A whole page was asked for to be shown. Data may only have been fetched ahead, because a pointer rested on a
	// link: then the page itself says when it is shown.
	const ahead = isDataRequest || /prefetch|prerender/.test(request.headers.get('sec-purpose') ?? '');
	if (!ahead) await seen(locals, me.id, now);
	return {
		received: received.map(({ person, at, unseen }) => ({ person, at: at.getTime(), unseen })),
		sent: sent.map(({ person, at }) => ({ person, at: at.getTime() })),
		/** When they were read, ms since 1970. */
		asOf: now.getTime(),
	};
};

export const actions: Actions = {
	...invitationActions,
	seen: async ({ request, locals }) => {
		const me = signedIn(locals);
		const asOf = Number(text(await formOf(request), 'as-of'));
		await seen(locals, me.id, new Date(Math.max(0, Math.min(asOf || 0, Date.now()))));
	},
};

/** Those that had come by then count no more, in any tab. */
async function seen({ db, inboxes, later }: App.Locals, me: string, asOf: Date): Promise<void> {
	await invitations.markSeen(db, me, asOf);
	later(inboxes.getByName(me).refresh());
}
