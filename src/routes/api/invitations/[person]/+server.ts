import * as invitations from '#lib/server/invitations.ts';
import * as notices from '#lib/server/notices.ts';
import { endpoint } from '../../endpoint.ts';
import { noContent, problem } from '../../problem.ts';

const REFUSED = {
	self: [422, 'Nobody can invite themselves.'],
	unknown_person: [404, 'There is no such person.'],
	already_friends: [409, 'You are friends already.'],
	too_many: [429, 'Too many of your invitations wait for an answer.'],
} as const;

export const PUT = endpoint(async ({ event, me }) => {
	const { db, rooms, inboxes, later } = event.locals;
	const invited = await invitations.invite(db, me.id, event.params.person ?? '', new Date());
	if (!invited.ok) {
		const [status, sentence] = REFUSED[invited.code];
		return problem(status, invited.code, sentence);
	}
	later(notices.deliver(db, { rooms, inboxes }, invited.room));
	return { outcome: invited.outcome, room: invited.room };
});

export const DELETE = endpoint(async ({ event, me }) => {
	const { db, rooms, inboxes, later } = event.locals;
	const cancelled = await invitations.cancel(db, me.id, event.params.person ?? '', new Date());
	if (!cancelled.ok) return problem(404, 'gone', 'There is no such invitation.');
	later(notices.deliver(db, { rooms, inboxes }, cancelled.room));
	return noContent();
});
