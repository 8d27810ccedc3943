import { error, fail, redirect } from '@sveltejs/kit';
import * as v from 'valibot';
import { messageId, sendableBody } from '#lib/chat/message.ts';
import { friendIn, parseRoomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import { m } from '#lib/paraglide/messages.js';
import { refusalSentence } from '#lib/sentences.ts';
import * as friends from '#lib/server/friends.ts';
import * as notices from '#lib/server/notices.ts';
import { formOf, text } from '../../../form-text.ts';
import { signedIn } from '../../signed-in.ts';
import type { Actions, PageServerLoad } from './$types';

/** The room a URL names, if this person is in it; for anybody else there is nothing here (D1, D2). */
function roomOf(name: string, me: PersonId): RoomName {
	const room = parseRoomName(name)?.room;
	if (!room || friendIn(room, me) === null) error(404, m.error_404_text());
	return room;
}

export const load: PageServerLoad = async ({ params, locals, url }) => {
	const me = signedIn(locals);
	const room = roomOf(params.room, me.id);
	if (room !== params.room) redirect(308, `/chats/${room}${url.search}`);
	const friendship = await friends.inRoom(locals.db, me.id, room);
	if (!friendship) error(404, m.error_404_text());

	const before = beforeFrom(url.searchParams.get('before'));
	const history = await locals.rooms.getByName(room).history(me.id, before ? { before } : {});
	return {
		room,
		friend: friendship.person,
		open: friendship.open,
		history,
		/** The page of older messages that was asked for, not the live end of the room. */
		older: before !== null,
		/** For the form, which works without JavaScript: sent twice, it is one message (M1). */
		messageId: crypto.randomUUID(),
	};
};

function beforeFrom(asked: string | null): number | null {
	return asked && /^[1-9]\d{0,14}$/.test(asked) ? Number(asked) : null;
}

export const actions: Actions = {
	send: async ({ request, params, locals }) => {
		const me = signedIn(locals);
		const room = roomOf(params.room, me.id);
		const form = await formOf(request);
		const said = text(form, 'text');
		const id = v.safeParse(messageId, text(form, 'id'));
		const body = v.safeParse(sendableBody, { kind: 'text', text: said });
		if (!body.success) return fail(400, { text: said, error: refusalSentence(body.issues[0].message) });
		if (!id.success) return fail(400, { text: said, error: refusalSentence('malformed') });
		const friendship = await friends.inRoom(locals.db, me.id, room);
		if (!friendship) error(404, m.error_404_text());
		if (!friendship.open) return fail(403, { text: said, error: refusalSentence('ended') });
		const sent = await locals.rooms.getByName(room).send(me.id, id.output, body.output);
		if (!sent.ok) {
			return fail(sent.code === 'slow_down' ? 429 : 400, { text: said, error: refusalSentence(sent.code) });
		}
		redirect(303, `/chats/${room}`);
	},
	remove: async ({ params, locals }) => {
		const me = signedIn(locals);
		const room = roomOf(params.room, me.id);
		// Ended already is as good: the page says how it stands.
		await friends.end(locals.db, me.id, room, new Date());
		locals.later(notices.deliver(locals.db, locals, room));
		redirect(303, `/chats/${room}`);
	},
};
