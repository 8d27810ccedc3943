import type { CallOutcome, DeviceId } from '#lib/chat/call.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import type { CallLine } from './call-line.ts';
import type { MediaFailure } from './call-media.ts';
import type { OtherSideOptions } from './other-side.svelte.ts';
import type { OwnSideOptions } from './own-side.svelte.ts';

export type CallPhase =
	/** I call; nothing is known of the other's devices yet. */
	| 'calling'
	/** I call, and it rings there. */
	| 'ringing'
	/** It rings here. */
	| 'incoming'
	| 'connecting'
	| 'connected'
	| 'reconnecting'
	/** Another device of mine has answered. */
	| 'elsewhere'
	| 'ended';

/** How it ended, for the sentence on the screen. */
export type CallEnd =
	| CallOutcome
	| MediaFailure
	/** Was connected and could not be again in time. */
	| 'lost'
	/** The room would not have it. */
	| 'in_call'
	| 'slow_down'
	| 'not_friends'
	/** The room could not be told of it. */
	| 'offline'
	/** This person may not be in the room any more. */
	| 'shut_out';

/** How long is waited for what, in ms. */
export interface CallTimes {
	/** From the answer to the first sound. */
	connect: number;
	/** Without a way to the other side before giving up. */
	reconnect: number;
	/** A person who does not decide about the microphone still calls. */
	ask: number;
	/** Until the room has heard of a call. */
	unheard: number;
	/** After the room's own deadline, in case the line is down. */
	patience: number;
	stats: number;
}

export const TIMES: CallTimes = {
	connect: 30_000,
	reconnect: 45_000,
	ask: 4_000,
	unheard: 20_000,
	patience: 3_000,
	stats: 3_000,
};

export interface CallSessionOptions extends Omit<OwnSideOptions, 'onchanged'> {
	me: PersonId;
	device: DeviceId;
	line: CallLine;
	/** Is this device's address to be hidden? */
	relayOnly?: boolean;
	/** The line is not needed any more. */
	onreleased?: () => void;
	open?: OtherSideOptions['open'];
	times?: Partial<CallTimes>;
}
