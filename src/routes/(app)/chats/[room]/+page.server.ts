import { error, fail, redirect } from '@sveltejs/kit';
import * as v from 'valibot';
import { PAGE_MAX } from '#lib/chat/limits.ts';
import { messageId, sendableBody } from '#lib/chat/message.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { History, RoomRpc } from '#lib/chat/rpc.ts';
import { m } from '#lib/paraglide/messages.js';
import { refusalSentence } from '#lib/sentences.ts';
import * as friends from '#lib/server/friends.ts';
import * as notices from '#lib/server/notices.ts';
import * as roster from '#lib/server/roster.ts';
import { formOf, text } from '../../../form-text.ts';
import { signedIn } from '../../signed-in.ts';
import { readUpTo } from '#lib/chat/view.ts';
import { beforeFrom } from './before.ts';
import { roomOf } from './room-of.ts';
import type { Actions, PageServerLoad } from './$types';

/** So many that were read stand before those that were not. */
const READ_BEFORE = 10;

export const load: PageServerLoad = async ({ params, locals, url }) => {
	const me = signedIn(locals);
	const room = roomOf(params.room, me.id);
	if (room !== params.room) redirect(308, `/chats/${room}${url.search}`);
	const friendship = await friends.inRoom(locals.db, me.id, room);
	if (!friendship) error(404, m.error_404_text());

	const before = beforeFrom(url.searchParams.get('before'));
	const rpc = locals.rooms.getByName(room);
	const history = before ? await rpc.history(me.id, { before }) : await newest(rpc, me.id);
	const asked = url.searchParams.get('delete');
	return {
		room,
		friend: friendship.person,
		open: friendship.open,
		history,
		/** The page of older messages that was asked for, not the live end of the room. */
		older: before !== null,
		before,
		/** The message of mine that may be deleted, when that is asked without JavaScript. */
		asked: history.messages.find(({ id, from }) => id === asked && from === me.id)?.id ?? null,
		/** For the form, which works without JavaScript: sent twice, it is one message (M1). */
		messageId: crypto.randomUUID(),
	};
};

/** The newest page; a longer one when more than a page is unread, so that reading can begin where it ended. */
async function newest(rpc: RoomRpc, me: PersonId): Promise<History> {
	const page = await rpc.history(me, {});
	const read = readUpTo(page, me);
	const [first] = page.messages;
	if (!first || first.seq <= read + 1) return page;
	return rpc.history(me, { limit: Math.min(PAGE_MAX, page.last - read + READ_BEFORE) });
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
	delete: async ({ request, params, locals }) => {
		const me = signedIn(locals);
		const room = roomOf(params.room, me.id);
		const form = await formOf(request);
		const before = beforeFrom(text(form, 'before'));
		const id = v.safeParse(messageId, text(form, 'id'));
		if (!(await friends.inRoom(locals.db, me.id, room))) error(404, m.error_404_text());
		const removed = id.success && (await locals.rooms.getByName(room).remove(me.id, id.output));
		if (!removed || !removed.ok) return fail(400, { text: '', error: m.delete_failed() });
		redirect(303, `/chats/${room}${before ? `?before=${before}` : ''}`);
	},
	mute: async ({ request, params, locals }) => {
		const me = signedIn(locals);
		const room = roomOf(params.room, me.id);
		await roster.mute(locals.db, me.id, room, text(await formOf(request), 'muted') !== '');
		locals.later(locals.inboxes.getByName(me.id).refresh());
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
