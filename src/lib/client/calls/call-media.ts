import type { CallCredentials, CallSignal } from '#lib/chat/call-frames.ts';

/**
 * What carries a call's sound and picture. The call screen and its session know only this; behind it stand peer.ts and
 * zego.ts, whichever the server's credentials name.
 */
export interface CallMedia {
	/** Begins to reach the other side. The offering side calls this only once the answering device is ready (K2b). */
	connect(): Promise<void>;
	/** What to send: a track, another one, or nothing. The tracks stay the caller's, and it stops them. */
	send(tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null }): Promise<void>;
	/** Tells the other side what it sees and hears, so that it can say "muted" and not only fall silent. */
	tell(status: SideStatus): void;
	/** A signal from the other device. */
	take(signal: CallSignal): void;
	/** Fresh credentials, after `expiring`. */
	renew(credentials: CallCredentials): void;
	/** The network or the signalling line changed: check the way, and look for another if it is gone. */
	recheck(): void;
	stats(): Promise<MediaStats | null>;
	/** Leaves, saying so to the other side where it can. Nothing is told after this. */
	close(): void;
}

/** What one side of the call sends. */
export interface SideStatus {
	microphone: boolean;
	camera: boolean;
	screen: boolean;
}

export type MediaState =
	| 'connecting'
	| 'connected'
	/** Was connected; trying to be again. */
	| 'reconnecting'
	/** Given up: nothing more will come by itself. */
	| 'failed';

/** Why media failed, as far as there is a sentence for it. */
export type MediaFailure =
	| 'unreachable' // no way to the other side
	| 'service_away' // no way to the media service
	| 'sdk_missing' // the SDK could not be loaded
	| 'not_admitted' // the media service refused the token
	| 'kicked_out' // the media service says that this person joined from elsewhere
	| 'unsupported'; // this browser has no WebRTC

export interface CallMediaEvents {
	/** The other side's stream; the same object may come again with other tracks in it. */
	remote(stream: MediaStream): void;
	state(state: MediaState, failure?: MediaFailure): void;
	status(status: SideStatus): void;
	/** The other side said good-bye over the media's own way, which may work while the signalling line does not. */
	bye(): void;
	/** For the other device, through the room. */
	signal(signal: CallSignal): void;
	/** The credentials run out soon. */
	expiring(): void;
}

export interface MediaStats {
	/** Round trip in ms, when known. */
	roundTrip: number | null;
	/** Share of packets lost on the way here since the last look, 0–1. */
	loss: number | null;
	/** Since the call began. */
	bytesReceived: number;
	bytesSent: number;
	framesDecoded: number;
	/** Does the way lead over a relay? null when that cannot be said. */
	relayed: boolean | null;
}

export type Quality = 'good' | 'fair' | 'poor';

/** What people would call this connection; thresholds after ITU-T G.114 (delay) and what Opus and VP8 conceal (loss). */
export function qualityOf({ roundTrip, loss }: Pick<MediaStats, 'roundTrip' | 'loss'>): Quality | null {
	if (roundTrip === null && loss === null) return null;
	const [rtt, lost] = [roundTrip ?? 0, loss ?? 0];
	if (rtt > 600 || lost > 0.1) return 'poor';
	if (rtt > 300 || lost > 0.03) return 'fair';
	return 'good';
}

export interface MediaWiring {
	credentials: CallCredentials;
	/** Does this side make the first offer and win when two cross? Exactly one of the two does: the caller. */
	offering: boolean;
	/** Wished by this device, on top of what the server says. */
	relayOnly: boolean;
	on: CallMediaEvents;
}

/** Makes the kind of media that the credentials are for. */
export async function openCallMedia(wiring: MediaWiring): Promise<CallMedia> {
	const { credentials } = wiring;
	if (credentials.by === 'zego') {
		const { ZegoMedia } = await import('./zego.ts');
		return new ZegoMedia(credentials, wiring.on);
	}
	const { PeerMedia } = await import('./peer.ts');
	return new PeerMedia(credentials, wiring);
}
