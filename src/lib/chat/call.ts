import type { PersonId } from './room-name.ts';

/**
 * The call of a room (rules K1–K5): what it is, what may happen to it, and what follows. Pure: the room keeps a
 * `RoomCall` in its SQLite, hands every event to `step` with the time, stores what comes back and performs the effects.
 *
 *     none ─ ring ─► ringing ─ answer ─► answered ─ hang_up, silence ─► ended(finished | failed)
 *                       └─ decline, cancel, deadline ─► ended(declined | busy | cancelled | missed)
 *
 * Every event names the call it means, so that one that comes too late is refused and never applied to another call.
 */

export type CallId = string;
/** One tab of one person. Made by the tab, kept in its memory, stamped on its socket by the server. */
export type DeviceId = string;

export const CALL_KINDS = ['voice', 'video'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

export const CALL_OUTCOMES = ['finished', 'missed', 'declined', 'cancelled', 'busy', 'failed'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

/** What may be set by configuration. Times in ms. */
export interface CallTerms {
	/** How long a call rings before it is missed. */
	ringFor: number;
	/** A call ends when neither side was heard for this long. */
	silentFor: number;
	/** At most `rings` calls by one person in `ringsWithin`, answered ones not counted. */
	rings: number;
	ringsWithin: number;
}

export const CALL_TERMS: CallTerms = { ringFor: 45_000, silentFor: 30_000, rings: 6, ringsWithin: 60_000 };

/** An alarm for silence that is later than this means that nobody was there to listen, not that nobody spoke. */
const LATE = 5_000;

interface CallStart {
	id: CallId;
	kind: CallKind;
	caller: PersonId;
	callee: PersonId;
	callerDevice: DeviceId;
	/** Room's clock, like every time here. */
	startedAt: number;
}

export interface RingingCall extends CallStart {
	state: 'ringing';
	ringUntil: number;
	/** Some device of the callee says that it rings. */
	alerted: boolean;
}

export interface AnsweredCall extends CallStart {
	state: 'answered';
	calleeDevice: DeviceId;
	answeredAt: number;
	/** The answering device is ready for the caller's offer (K2b). */
	ready: boolean;
}

export interface EndedCall extends CallStart {
	state: 'ended';
	outcome: CallOutcome;
	/** null when nobody answered. */
	calleeDevice: DeviceId | null;
	endedAt: number;
	/** Time talked, in ms; 0 when nobody answered. */
	duration: number;
}

export type LiveCall = RingingCall | AnsweredCall;
export type Call = LiveCall | EndedCall;

/** All that a room keeps about its call. Plain JSON. */
export interface RoomCall {
	/** Grows with every change that devices are told of, over all calls of the room: the higher one is the truth. */
	revision: number;
	/** The call that is on, or the last one. */
	call: Call | null;
	/** The id of a call the callee tried to start while this one rang: it became this one (K3). */
	joined: CallId | null;
	/** When `step` wants a `deadline` event, or null. */
	deadline: number | null;
	/** When either side of an answered call was last heard, as far as was written down. */
	heardAt: number;
	/** Recent calls that count against the limit. */
	rings: { by: PersonId; at: number }[];
}

export const NO_CALL: RoomCall = {
	revision: 0,
	call: null,
	joined: null,
	deadline: null,
	heardAt: 0,
	rings: [],
};

interface FromDevice {
	who: PersonId;
	device: DeviceId;
	call: CallId;
}

export type CallEvent =
	| (FromDevice & {
			type: 'ring';
			kind: CallKind;
			callee: PersonId;
			/** Does the log already have an entry of this person with this id? */
			used: boolean;
			/** The devices that have a socket here now. */
			present: readonly DeviceId[];
	  })
	/** A device of the callee rings. */
	| (FromDevice & { type: 'alert' })
	| (FromDevice & { type: 'answer' })
	/** The answering device is ready for an offer. */
	| (FromDevice & { type: 'ready' })
	/** `busy`: because this device is in another call. */
	| (FromDevice & { type: 'decline'; busy: boolean })
	| (FromDevice & { type: 'cancel' })
	/** `failed`: the two never reached each other. */
	| (FromDevice & { type: 'hang_up'; failed: boolean })
	| (FromDevice & { type: 'signal'; to: DeviceId; signal: unknown })
	| (FromDevice & { type: 'credentials' })
	/** The alarm. `heard`: when the devices in the call were last heard, the later of the two; null when neither has a socket. */
	| { type: 'deadline'; heard: number | null }
	/** The friendship ended. */
	| { type: 'close' };

export const CALL_REFUSALS = [
	'in_call', // a call is on in this room
	'no_call', // that call is not the one that is on
	'wrong_state', // that call is not, or no longer, in the state this needs
] as const;
export type CallRefusal =
	| (typeof CALL_REFUSALS)[number]
	/** This person or device may not do that in this call. */
	| 'not_yours'
	/** That id was used before. */
	| 'id_taken'
	/** Too many calls: wait `retryAfter` ms. */
	| 'slow_down';

export type CallEffect =
	/** Tell every socket of both members here, and both Inboxes. */
	| { do: 'announce'; call: Call; revision: number }
	/** Write the log's entry for this call: append it the first time, change it in place afterwards (K5). */
	| { do: 'log'; call: Call }
	/** Hand a signal to one device. Never stored. */
	| { do: 'relay'; person: PersonId; device: DeviceId; from: DeviceId; call: CallId; signal: unknown }
	/** Make what this device needs to reach the other, and send it to this device only. */
	| { do: 'credentials'; person: PersonId; device: DeviceId; call: CallId };

/** `room` and `effects` hold for a refusal too: a deadline that had passed is applied before the event is looked at. */
export type Step = { room: RoomCall; effects: CallEffect[] } & (
	{ ok: true } | { ok: false; code: CallRefusal; retryAfter?: number }
);

export function isLive(call: Call | null): call is LiveCall {
	return call !== null && call.state !== 'ended';
}

/** The device through which a person takes part, or null when they do not (yet). */
export function deviceOf(call: LiveCall, who: PersonId): DeviceId | null {
	if (who === call.caller) return call.callerDevice;
	return who === call.callee && call.state === 'answered' ? call.calleeDevice : null;
}

/**
 * What an event makes of the room's call.
 * @param now the room's clock, ms since 1970
 */
export function step(room: RoomCall, event: CallEvent, now: number, terms: CallTerms = CALL_TERMS): Step {
	const call = room.call;
	// An alarm may be late; its deadline is not. Nobody answers a call whose time has passed.
	if (call?.state === 'ringing' && now >= call.ringUntil && event.type !== 'deadline') {
		const missed = end(room, call, 'missed', call.ringUntil);
		const then = step(missed.room, event, now, terms);
		return { ...then, effects: [...missed.effects, ...then.effects] };
	}

	switch (event.type) {
		case 'ring':
			return ring(room, event, now, terms);
		case 'deadline':
			return deadline(room, event.heard, now, terms);
		case 'close':
			if (!isLive(call)) return unchanged(room);
			return end(room, call, call.state === 'ringing' ? 'cancelled' : 'finished', now);
	}

	if (!call || call.id !== event.call) return refused(room, 'no_call');
	switch (event.type) {
		case 'alert':
			if (call.state !== 'ringing') return refused(room, 'wrong_state');
			if (event.who !== call.callee) return refused(room, 'not_yours');
			return call.alerted ? unchanged(room) : changed(room, { ...call, alerted: true });

		case 'answer':
			if (call.state === 'answered' && isDeviceOf(call, event)) return unchanged(room);
			if (event.who !== call.callee) return refused(room, 'not_yours');
			if (call.state !== 'ringing') return refused(room, 'wrong_state');
			return answer(room, call, event.device, now, terms);

		case 'ready':
			if (call.state !== 'answered') return refused(room, 'wrong_state');
			if (event.device !== call.calleeDevice || event.who !== call.callee) return refused(room, 'not_yours');
			return call.ready ? unchanged(room) : changed(room, { ...call, ready: true });

		case 'decline':
			if (event.who !== call.callee) return refused(room, 'not_yours');
			if (call.state !== 'ringing') return refused(room, 'wrong_state');
			return end(room, call, event.busy ? 'busy' : 'declined', now);

		case 'cancel':
			if (event.who !== call.caller) return refused(room, 'not_yours');
			if (call.state !== 'ringing') return refused(room, 'wrong_state');
			return end(room, call, 'cancelled', now);

		case 'hang_up':
			if (call.state !== 'answered') return refused(room, 'wrong_state');
			if (!isDeviceOf(call, event)) return refused(room, 'not_yours');
			return end(room, call, event.failed ? 'failed' : 'finished', now);

		case 'signal': {
			if (call.state !== 'answered') return refused(room, 'wrong_state');
			const other = event.who === call.caller ? call.callee : call.caller;
			// A signal for a device that is not in this call comes from another call or another time.
			if (!isDeviceOf(call, event) || event.to !== deviceOf(call, other)) return refused(room, 'not_yours');
			const { signal } = event;
			return doing(room, {
				do: 'relay',
				person: other,
				device: event.to,
				from: event.device,
				call: call.id,
				signal,
			});
		}

		case 'credentials':
			if (call.state !== 'answered') return refused(room, 'wrong_state');
			if (!isDeviceOf(call, event)) return refused(room, 'not_yours');
			return doing(room, { do: 'credentials', person: event.who, device: event.device, call: call.id });
	}
}

function ring(room: RoomCall, event: CallEvent & { type: 'ring' }, now: number, terms: CallTerms): Step {
	const { call } = room;
	if (call?.id === event.call || room.joined === event.call) {
		// The same ring again, because its answer was lost.
		const again = isLive(call) && deviceOf(call, event.who) === event.device;
		return again ? unchanged(room) : refused(room, 'id_taken');
	}
	if (event.used) return refused(room, 'id_taken');

	if (isLive(call)) {
		// Both called at once: it is one call, and the second caller has answered it (K3).
		if (call.state === 'ringing' && event.who === call.callee) {
			return answer({ ...room, joined: event.call }, call, event.device, now, terms);
		}
		// A tab that is gone, or that has forgotten its call, does not keep its person from calling again.
		const mine = deviceOf(call, event.who);
		if (mine !== event.device && mine !== null && event.present.includes(mine))
			return refused(room, 'in_call');
		const over = end(room, call, call.state === 'ringing' ? 'cancelled' : 'finished', now);
		const then = ring(over.room, event, now, terms);
		// Too many calls: then the old one is left as it is.
		return then.ok
			? { ...then, effects: [...over.effects, ...then.effects] }
			: { ...then, room, effects: [] };
	}

	const rings = room.rings.filter((ring) => ring.at > now - terms.ringsWithin);
	const mine = rings.filter((ring) => ring.by === event.who);
	if (mine.length >= terms.rings && mine[0]) {
		return refused(room, 'slow_down', mine[0].at + terms.ringsWithin - now);
	}
	const ringing: RingingCall = {
		state: 'ringing',
		id: event.call,
		kind: event.kind,
		caller: event.who,
		callee: event.callee,
		callerDevice: event.device,
		startedAt: now,
		ringUntil: now + terms.ringFor,
		alerted: false,
	};
	const next = changed(
		{ ...room, joined: null, deadline: ringing.ringUntil, rings: [...rings, { by: event.who, at: now }] },
		ringing,
	);
	return { ...next, effects: [...next.effects, { do: 'log', call: ringing }] };
}

function answer(room: RoomCall, call: RingingCall, device: DeviceId, now: number, terms: CallTerms): Step {
	const { ringUntil: _, alerted: __, ...start } = call;
	return changed(
		{
			...room,
			deadline: now + terms.silentFor,
			heardAt: now,
			rings: room.rings.filter((ring) => ring.by !== call.caller || ring.at !== call.startedAt),
		},
		{ ...start, state: 'answered', calleeDevice: device, answeredAt: now, ready: false },
	);
}

function deadline(room: RoomCall, heard: number | null, now: number, terms: CallTerms): Step {
	const { call } = room;
	if (!isLive(call) || room.deadline === null || now < room.deadline) return unchanged(room);
	if (call.state === 'ringing') return end(room, call, 'missed', call.ringUntil);

	const heardAt = Math.min(now, Math.max(heard ?? 0, room.heardAt));
	if (heardAt + terms.silentFor > now) {
		return { ok: true, room: { ...room, heardAt, deadline: heardAt + terms.silentFor }, effects: [] };
	}
	// The object itself was away (a restart). Its sockets are gone and the call may well go on without them: listen
	// once more for the full time.
	if (now > room.deadline + LATE) {
		return { ok: true, room: { ...room, heardAt, deadline: now + terms.silentFor }, effects: [] };
	}
	return end(room, call, 'finished', heardAt);
}

function end(room: RoomCall, call: LiveCall, outcome: CallOutcome, at: number): Step & { ok: true } {
	const { id, kind, caller, callee, callerDevice, startedAt } = call;
	const answered = call.state === 'answered' ? call : null;
	const endedAt = Math.max(at, answered?.answeredAt ?? startedAt);
	const ended: EndedCall = {
		state: 'ended',
		id,
		kind,
		caller,
		callee,
		callerDevice,
		startedAt,
		outcome,
		calleeDevice: answered?.calleeDevice ?? null,
		endedAt,
		duration: answered ? endedAt - answered.answeredAt : 0,
	};
	const next = changed({ ...room, deadline: null }, ended);
	return { ...next, effects: [...next.effects, { do: 'log', call: ended }] };
}

function isDeviceOf(call: LiveCall, { who, device }: FromDevice): boolean {
	return deviceOf(call, who) === device;
}

function changed(room: RoomCall, call: Call): Step & { ok: true } {
	const revision = room.revision + 1;
	return { ok: true, room: { ...room, revision, call }, effects: [{ do: 'announce', call, revision }] };
}

function doing(room: RoomCall, effect: CallEffect): Step {
	return { ok: true, room, effects: [effect] };
}

function unchanged(room: RoomCall): Step {
	return { ok: true, room, effects: [] };
}

function refused(room: RoomCall, code: CallRefusal, retryAfter?: number): Step {
	return { ok: false, code, ...(retryAfter === undefined ? {} : { retryAfter }), room, effects: [] };
}
