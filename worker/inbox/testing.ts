import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import {
	encodeInbox,
	parseInboxServerFrame,
	type InboxClientFrame,
	type InboxServerFrame,
} from '#lib/chat/inbox-protocol.ts';
import { roomName, type PersonId } from '#lib/chat/room-name.ts';
import * as invitations from '#lib/server/invitations.ts';
import { door } from '../session.ts';
import { register } from '../testing.ts';
import type { Inbox } from './inbox-object.ts';

export const inboxOf = (person: PersonId): DurableObjectStub<Inbox> => env.INBOXES.getByName(person);

/** An open socket of somebody's Inbox and everything that came out of it. */
export class Tab {
	readonly frames: InboxServerFrame[] = [];
	readonly texts: string[] = [];
	readonly closed: Promise<{ code: number; reason: string }>;
	readonly #socket: WebSocket;

	constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.addEventListener('message', ({ data }) => {
			const frame = parseInboxServerFrame(data);
			if (frame) this.frames.push(frame);
			else this.texts.push(String(data));
		});
		this.closed = new Promise((done) =>
			socket.addEventListener('close', ({ code, reason }) => done({ code, reason })),
		);
		socket.accept();
	}

	say(frame: InboxClientFrame): void {
		this.#socket.send(encodeInbox(frame));
	}
	shout(data: string | ArrayBuffer): void {
		this.#socket.send(data);
	}
	close(): void {
		this.#socket.close(1000);
	}

	/** The last frame of a type, once there is one that fits. */
	heard<Type extends InboxServerFrame['type']>(
		type: Type,
		fits: (frame: Extract<InboxServerFrame, { type: Type }>) => boolean = () => true,
	): Promise<Extract<InboxServerFrame, { type: Type }>> {
		return vi.waitFor(
			() => {
				const found = this.frames.findLast(
					(frame): frame is Extract<InboxServerFrame, { type: Type }> => frame.type === type,
				);
				if (!found || !fits(found))
					throw new Error(`No such ${type} among ${JSON.stringify(this.frames.slice(-4))}`);
				return found;
			},
			{ timeout: 3_000, interval: 10 },
		);
	}
}

export const knock = (person: PersonId, session = 'session1', device: string = crypto.randomUUID()) =>
	inboxOf(person).fetch('http://inbox/', {
		headers: {
			upgrade: 'websocket',
			'x-kith-person': person,
			'x-kith-session': session,
			'x-kith-device': device,
		},
	});

export async function openTab(person: PersonId, session?: string, device?: string): Promise<Tab> {
	const answer = await knock(person, session, device);
	if (!answer.webSocket) throw new Error(`No socket: ${answer.status} ${await answer.text()}`);
	return new Tab(answer.webSocket);
}

/** A tab in use, which has been told everything. */
export async function join(person: PersonId): Promise<Tab> {
	const tab = await openTab(person);
	tab.say({ type: 'hello', active: true, idle: 0 });
	await tab.heard('state', (state) => state.complete);
	return tab;
}

/** Two people with an account each, who are friends. */
export async function befriend(): Promise<{ ana: PersonId; bob: PersonId; room: string }> {
	const { db } = door(env);
	const [ana, bob] = [
		await register(`ana-${crypto.randomUUID().slice(0, 8)}`),
		await register(`bob-${crypto.randomUUID().slice(0, 8)}`),
	];
	await invitations.invite(db, ana.id, bob.id, new Date());
	await invitations.accept(db, bob.id, ana.id, new Date());
	return { ana: ana.id, bob: bob.id, room: roomName(ana.id, bob.id) };
}
