import {
	CALL_TERMS,
	deviceOf,
	isLive,
	type Call,
	type CallEffect,
	type CallEvent,
	type CallOutcome,
	type CallRefusal,
	type CallTerms,
	type DeviceId,
	type EndedCall,
	type FromDevice,
	type LiveCall,
	type RingingCall,
	type RoomCall,
} from './call.ts';

/*
 * The life of a room's call. Pure: the room keeps a `RoomCall` in its SQLite, hands every event to `step` with the time,
 * stores what comes back and performs the effects.
 *
 *     none ─ ring ─► ringing ─ answer ─► answered ─ hang_up, silence ─► ended(finished | failed)
 *                       └─ decline, cancel, deadline ─► ended(declined | busy | cancelled | missed)
 *
 * Every event names the call it means, so that one that comes too late is refused and never applied to another call.
 */

/** An alarm for silence that is later than this means that nobody was there to listen, not that nobody spoke. */
const LATE = 5_000;

/** `room` and `effects` hold for a refusal too: a deadline that had passed is applied before the event is looked at. */
export type Step = { room: RoomCall; effects: CallEffect[] } & (
	{ ok: true } | { ok: false; code: CallRefusal; retryAfter?: number }
);

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
		case 'bar':
			// A device that only rings is not in the call.
			if (!isLive(call) || deviceOf(call, event.who) !== event.device) return unchanged(room);
			return end(room, call, call.state === 'ringing' ? 'cancelled' : 'finished', now);
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
