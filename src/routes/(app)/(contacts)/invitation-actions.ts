import { fail, type RequestEvent } from '@sveltejs/kit';
import { isPersonId } from '#lib/chat/room-name.ts';
import { invitationSentence } from '#lib/sentences.ts';
import * as invitations from '#lib/server/invitations.ts';
import * as notices from '#lib/server/notices.ts';
import { formOf, text } from '../../form-text.ts';
import { signedIn } from '../signed-in.ts';

type Outcome = { ok: true; room?: string } | { ok: false; code: string };

/** What can be done about another person, from the search and from the list of invitations. */
export const invitationActions = {
	invite: (event: RequestEvent) => about(event, invitations.invite),
	cancel: (event: RequestEvent) => about(event, invitations.cancel),
	accept: (event: RequestEvent) => about(event, invitations.accept),
	decline: (event: RequestEvent) => about(event, invitations.refuse),
};

async function about(
	{ request, locals }: RequestEvent,
	act: (db: App.Locals['db'], me: string, other: string, now: Date) => Promise<Outcome>,
) {
	const me = signedIn(locals);
	const person = text(await formOf(request), 'person');
	if (!isPersonId(person)) return fail(400, { person, error: invitationSentence('unknown_person') });
	const outcome = await act(locals.db, me.id, person, new Date());
	if (!outcome.ok) return fail(409, { person, error: invitationSentence(outcome.code) });
	// Whoever is affected hears of it through the objects; a crash before that only delays it.
	locals.later(notices.deliver(locals.db, locals, outcome.room));
	return { person, room: outcome.room };
}
