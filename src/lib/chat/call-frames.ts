import * as v from 'valibot';
import { CALL_KINDS, CALL_OUTCOMES } from './call.ts';
import { messageId } from './message.ts';

/**
 * The frames of a call, on the socket of its room: variants of `clientFrame` and `serverFrame` of protocol.ts. A frame
 * never says who sends it or from which device: the socket does.
 */

/** Made by the caller like a message's id, because the call becomes an entry of the log under it. */
export const callId = messageId;
/** Made by the tab for as long as it lives; said when its socket opens. */
export const deviceId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/));

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const kind = v.picklist(CALL_KINDS);

/** What WebRTC wants carried to the other side. The room hands it on and does not look into it. */
export const callSignal = v.variant('is', [
	v.object({ is: v.literal('description'), type: v.picklist(['offer', 'answer']), sdp: v.string() }),
	v.object({
		is: v.literal('candidate'),
		/** '' ends the candidates of this generation. */
		candidate: v.string(),
		sdpMid: v.nullable(v.string()),
		sdpMLineIndex: v.nullable(count),
		usernameFragment: v.optional(v.nullable(v.string())),
	}),
	/** "My line was down: say again what I may have missed." */
	v.object({ is: v.literal('again') }),
	/** "I have lost the way to you: make an offer for another." */
	v.object({ is: v.literal('restart') }),
]);
export type CallSignal = v.InferOutput<typeof callSignal>;

export const callClientFrames = [
	/** Ask for the state of the room's call. */
	v.object({ type: v.literal('call') }),
	/** Call the other member. Repeating it with the same id changes nothing. */
	v.object({ type: v.literal('ring'), call: callId, kind }),
	/** "It rings here", so that the caller hears ringing. */
	v.object({ type: v.literal('alert'), call: callId }),
	v.object({ type: v.literal('answer'), call: callId }),
	/** From the answering device, once it can take an offer. */
	v.object({ type: v.literal('ready'), call: callId }),
	/** `busy`: this device is in another call, and so is the person. */
	v.object({ type: v.literal('decline'), call: callId, busy: v.optional(v.boolean(), false) }),
	/** Give up a call that rings. */
	v.object({ type: v.literal('cancel'), call: callId }),
	/** End a call that was answered. `failed`: the two never reached each other. */
	v.object({ type: v.literal('hang_up'), call: callId, failed: v.optional(v.boolean(), false) }),
	/** To the other device in the call. The one frame that may have up to SIGNAL_MAX_BYTES. */
	v.object({ type: v.literal('signal'), call: callId, to: deviceId, signal: callSignal }),
	/** Ask for what this device needs for its media, once the call is answered, and again before it runs out. */
	v.object({ type: v.literal('credentials'), call: callId }),
] as const;
export type CallClientFrame = v.InferOutput<(typeof callClientFrames)[number]>;

const start = {
	id: callId,
	kind,
	caller: v.string(),
	callee: v.string(),
	callerDevice: deviceId,
	startedAt: count,
};

/** The call of a room as its members' devices see it. */
export const call = v.variant('state', [
	v.object({ state: v.literal('ringing'), ...start, ringUntil: count, alerted: v.boolean() }),
	v.object({
		state: v.literal('answered'),
		...start,
		calleeDevice: deviceId,
		answeredAt: count,
		ready: v.boolean(),
	}),
	v.object({
		state: v.literal('ended'),
		...start,
		outcome: v.picklist(CALL_OUTCOMES),
		calleeDevice: v.nullable(deviceId),
		endedAt: count,
		duration: count,
	}),
]);

export const iceServer = v.object({
	urls: v.array(v.string()),
	username: v.optional(v.string()),
	credential: v.optional(v.string()),
});
export type IceServer = v.InferOutput<typeof iceServer>;

/** What a device needs to reach the other one. Short-lived, for this device only. */
export const callCredentials = v.variant('by', [
	v.object({
		by: v.literal('peer'),
		iceServers: v.array(iceServer),
		/** Only through a relay, so that neither side learns the other's address. */
		relayOnly: v.boolean(),
	}),
	v.object({
		by: v.literal('zego'),
		appId: count,
		servers: v.array(v.string()),
		room: v.string(),
		user: v.string(),
		/** The name to publish under; the other side's differs. */
		stream: v.string(),
		token: v.string(),
	}),
]);
export type CallCredentials = v.InferOutput<typeof callCredentials>;
export type PeerCredentials = Extract<CallCredentials, { by: 'peer' }>;
export type ZegoCredentials = Extract<CallCredentials, { by: 'zego' }>;

export const callServerFrames = [
	/**
	 * The state of the room's call, whenever it changes and when it is asked for. Of two, the one with the higher revision
	 * is the truth.
	 */
	v.object({
		type: v.literal('call'),
		revision: count,
		/** The room's clock. */
		now: count,
		call: v.nullable(call),
	}),
	v.object({ type: v.literal('signal'), call: callId, from: deviceId, signal: callSignal }),
	v.object({ type: v.literal('credentials'), call: callId, media: callCredentials }),
] as const;
export type CallServerFrame = v.InferOutput<(typeof callServerFrames)[number]>;
export type CallFrame = Extract<CallServerFrame, { type: 'call' }>;
