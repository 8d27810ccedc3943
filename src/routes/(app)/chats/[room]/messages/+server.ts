import { error, json, type RequestEvent } from '@sveltejs/kit';
import * as v from 'valibot';
import { messageId } from '#lib/chat/message.ts';
import { m } from '#lib/paraglide/messages.js';
import * as friends from '#lib/server/friends.ts';
import { signedIn } from '../../../signed-in.ts';
import { beforeFrom } from '../before.ts';
import { roomOf } from '../room-of.ts';
import type { RequestHandler } from './$types';

/*
 * What an open conversation does without its line: reading back, and taking back what one said, which a former friend may
 * too (D4). By the cookies of the page, so only for pages of ours; other clients have the API.
 */

async function myRoom({ params, locals, url, request }: RequestEvent<{ room: string }>) {
	const origin = request.headers.get('origin');
	const foreign = origin ? origin !== url.origin : request.method !== 'GET';
	if (foreign || request.headers.get('sec-fetch-site') === 'cross-site') error(403, m.error_403_text());
	const me = signedIn(locals);
	const friendship = await friends.inRoom(locals.db, me.id, roomOf(params.room, me.id));
	if (!friendship) error(404, m.error_404_text());
	return { me, rpc: locals.rooms.getByName(friendship.room) };
}

/** `?before=18`: the page of messages before that number. */
export const GET: RequestHandler = async (event) => {
	const { me, rpc } = await myRoom(event);
	const before = beforeFrom(event.url.searchParams.get('before'));
	if (before === null) error(400, m.error_unknown());
	const { messages } = await rpc.history(me.id, { before });
	return json({ messages }, { headers: { 'cache-control': 'no-store' } });
};

/** `?id=…`: a message of mine. Answers with its tombstone. */
export const DELETE: RequestHandler = async (event) => {
	const { me, rpc } = await myRoom(event);
	const id = v.safeParse(messageId, event.url.searchParams.get('id'));
	const removed = id.success && (await rpc.remove(me.id, id.output));
	if (!removed || !removed.ok) error(404, m.delete_failed());
	return json({ message: removed.message });
};
