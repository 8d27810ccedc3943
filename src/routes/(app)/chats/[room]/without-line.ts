import * as v from 'valibot';
import { message, type Message } from '#lib/chat/message.ts';
import type { RoomName } from '#lib/chat/room-name.ts';

/** What an open conversation asks for by HTTP where it has no line. Null when it cannot be had now. */

const page = v.object({ messages: v.array(message) });
const tombstone = v.object({ message });

export async function readBack(room: RoomName, before: number): Promise<{ messages: Message[] } | null> {
	return ask(page, `/chats/${room}/messages?before=${before}`, 'GET');
}

export async function takeBack(room: RoomName, id: string): Promise<Message | null> {
	const answer = await ask(tombstone, `/chats/${room}/messages?id=${encodeURIComponent(id)}`, 'DELETE');
	return answer?.message ?? null;
}

async function ask<Schema extends v.GenericSchema>(
	schema: Schema,
	url: string,
	method: string,
): Promise<v.InferOutput<Schema> | null> {
	try {
		const answer = await fetch(url, { method, headers: { accept: 'application/json' }, redirect: 'error' });
		return answer.ok ? v.parse(schema, await answer.json()) : null;
	} catch {
		return null;
	}
}
