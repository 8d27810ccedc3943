import {
	CALL_TERMS,
	deviceOf,
	isLive,
	type Call,
	type CallEvent,
	type CallTerms,
	type DeviceId,
} from '#lib/chat/call.ts';
import { step } from '#lib/chat/call-step.ts';
import type { CallClientFrame, CallFrame } from '#lib/chat/call-frames.ts';
import type { Body } from '#lib/chat/message.ts';
import type { ServerFrame } from '#lib/chat/protocol.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { Asker, Effect as RoomEffect } from './room.ts';
import type { RoomStore } from './room-store.ts';

/**
 * The room's call (rules K1–K5): what src/lib/chat/call.ts decides, kept in the store and in the log. As in room.ts, what
 * is to be done about it is returned.
 */

export type Effect =
	| RoomEffect
	/** Send a frame to one device. */
	| { do: 'pass'; person: PersonId; device: DeviceId; frame: ServerFrame }
	/** Make credentials for one device in the call, and send them there. */
	| { do: 'equip'; person: PersonId; device: DeviceId; call: string }
	/** Tell both members' Inboxes. */
	| { do: 'report' };

export interface Caller extends Asker {
	device: DeviceId;
}

/** The times of calls, as configuration has them; what is not a positive number counts as not set. */
export function callTerms(env: { CALL_RING_SECONDS?: string; CALL_SILENCE_SECONDS?: string }): CallTerms {
	const seconds = (text: string | undefined, otherwise: number) =>
		Number(text) > 0 ? Number(text) * 1000 : otherwise;
	return {
		...CALL_TERMS,
		ringFor: seconds(env.CALL_RING_SECONDS, CALL_TERMS.ringFor),
		silentFor: seconds(env.CALL_SILENCE_SECONDS, CALL_TERMS.silentFor),
	};
}

/**
 * What to do about a frame.
 * @param present the devices that have a socket here
 */
export function obey(
	store: RoomStore,
	frame: CallClientFrame,
	asker: Caller,
	present: () => DeviceId[],
	now: number,
	terms: CallTerms,
): Effect[] {
	if (frame.type === 'call') {
		return [{ do: 'tell', whom: 'asker', frame: frameOf(store, now) }];
	}
	if (!store.status()?.open) {
		return [{ do: 'tell', whom: 'asker', frame: { type: 'refused', code: 'ended', id: frame.call } }];
	}
	const { person: who, friend, device } = asker;
	const event: CallEvent =
		frame.type === 'ring'
			? {
					...frame,
					who,
					device,
					callee: friend,
					used: store.find(who, frame.call) !== null,
					present: present(),
				}
			: { ...frame, who, device };
	return happen(store, event, now, terms);
}

/**
 * The alarm.
 * @param heard when a device of a person was last heard, ms since 1970, or null when it has no socket
 */
export function pass(
	store: RoomStore,
	heard: (person: PersonId, device: DeviceId) => number | null,
	now: number,
	terms: CallTerms,
): Effect[] {
	const before = store.call();
	const { call } = before;
	if (before.deadline === null || before.deadline > now || !isLive(call)) return [];
	const times = [call.caller, call.callee].map((person) => {
		const device = deviceOf(call, person);
		return (device === null ? null : heard(person, device)) ?? 0;
	});
	const effects = happen(store, { type: 'deadline', heard: Math.max(...times) || null }, now, terms);
	// Still on: the Inboxes forget a call that they hear nothing of for long.
	return effects.length > 0 ? effects : [{ do: 'report' }];
}

/** A device in the call has a new socket, which has not pinged yet. */
export function present(store: RoomStore, person: PersonId, device: DeviceId, now: number): void {
	const room = store.call();
	if (room.call?.state === 'answered' && deviceOf(room.call, person) === device) {
		store.setCall({ ...room, heardAt: now });
	}
}

/** A device's session has ended. */
export function bar(
	store: RoomStore,
	who: PersonId,
	device: DeviceId,
	now: number,
	terms: CallTerms,
): Effect[] {
	return happen(store, { type: 'bar', who, device }, now, terms);
}

/** The friendship has ended. */
export function close(store: RoomStore, now: number, terms: CallTerms): Effect[] {
	return happen(store, { type: 'close' }, now, terms);
}

/** When `pass` has something to do, or null. */
export function wakeAt(store: RoomStore): number | null {
	return store.call().deadline;
}

/** Is this device in the answered call of this id? */
export function takesPart(store: RoomStore, id: string, person: PersonId, device: DeviceId): boolean {
	const { call } = store.call();
	return call?.state === 'answered' && call.id === id && deviceOf(call, person) === device;
}

function happen(store: RoomStore, event: CallEvent, now: number, terms: CallTerms): Effect[] {
	const before = store.call();
	const result = step(before, event, now, terms);
	// Signals pass without a write.
	if (result.room !== before) store.setCall(result.room);

	const effects: Effect[] = [];
	for (const effect of result.effects) {
		switch (effect.do) {
			case 'announce': {
				const frame = { type: 'call' as const, revision: effect.revision, now, call: effect.call };
				effects.push({ do: 'tell', whom: 'everybody', frame }, { do: 'report' });
				break;
			}
			case 'log':
				effects.push(...enter(store, effect.call));
				break;
			case 'relay': {
				const { person, device, call, from } = effect;
				// The frame's schema has looked at it; the rules of a call do not care what it is.
				const signal = effect.signal as Extract<CallClientFrame, { type: 'signal' }>['signal'];
				effects.push({ do: 'pass', person, device, frame: { type: 'signal', call, from, signal } });
				break;
			}
			case 'credentials': {
				const { person, device, call } = effect;
				effects.push({ do: 'equip', person, device, call });
			}
		}
	}
	if (!result.ok) {
		const { code, retryAfter } = result;
		const id = 'call' in event ? { id: event.call } : {};
		const wait = retryAfter === undefined ? {} : { retryAfter };
		effects.push({ do: 'tell', whom: 'asker', frame: { type: 'refused', code, ...id, ...wait } });
	}
	return effects;
}

/** K5: one entry in the log, changed in place. */
function enter(store: RoomStore, call: Call): Effect[] {
	const ended = call.state === 'ended' ? call : null;
	const body: Body = {
		kind: 'call',
		call: call.kind,
		outcome: ended?.outcome ?? null,
		duration: ended?.duration ?? 0,
	};
	const entry = store.find(call.caller, call.id);
	if (!entry) {
		const message = store.append(call.caller, call.id, body, call.startedAt);
		return message ? [{ do: 'tell', whom: 'everybody', frame: { type: 'message', message } }] : [];
	}
	// Taken back by its caller while it was on.
	if (entry.body.kind !== 'call') return [];
	const message = store.replace(entry, body);
	return [{ do: 'tell', whom: 'everybody', frame: { type: 'changed', message, revision: message.revision } }];
}

export function frameOf(store: RoomStore, now: number): CallFrame {
	const { revision, call } = store.call();
	return { type: 'call', revision, now, call };
}
