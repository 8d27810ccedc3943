import type { PersonId } from './room-name.ts';

/** The call of a room (rules K1–K5): what it is, what may happen to it (call-step.ts says when), and what follows. */

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

export interface FromDevice {
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
	/** This device may take part no more: its session ended. */
	| { type: 'bar'; who: PersonId; device: DeviceId }
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

export function isLive(call: Call | null): call is LiveCall {
	return call !== null && call.state !== 'ended';
}

/** The device through which a person takes part, or null when they do not (yet). */
export function deviceOf(call: LiveCall, who: PersonId): DeviceId | null {
	if (who === call.caller) return call.callerDevice;
	return who === call.callee && call.state === 'answered' ? call.calleeDevice : null;
}
