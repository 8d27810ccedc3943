import type { CallCredentials, CallSignal, PeerCredentials } from '#lib/chat/call-frames.ts';
import type {
	CallMedia,
	CallMediaEvents,
	MediaState,
	MediaStats,
	MediaWiring,
	SideStatus,
} from './call-media.ts';
import { NetworkChange } from './network-change.ts';
import { PeerGauge } from './peer-gauge.ts';
import { PeerNotes } from './peer-notes.ts';

/** A path that is only shaky recovers by itself sooner than this; after it, another one is looked for. */
const SHAKY = 3_000;
/** How long one attempt to find a path may take before the next. */
const ATTEMPT = 8_000;

/**
 * Media between the two browsers themselves.
 *
 * Negotiation is the W3C's "perfect negotiation" (WebRTC 1.0, section 10.7): the offering side is the impolite one. It
 * makes the first offer, with one line each for sound, picture and notes; turning things on and off replaces tracks and
 * negotiates nothing. Later offers are ICE restarts. Those too are left to the offering side, which the other asks for
 * one: crossing offers are survived, but Chromium shows no more pictures on the side that rolls back.
 */
export class PeerMedia implements CallMedia {
	#pc: RTCPeerConnection;
	#on: CallMediaEvents;
	#offering: boolean;
	#tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null };
	#senders: { audio: RTCRtpSender; video: RTCRtpSender } | null = null;
	/** Both tracks belong to one stream, so that the other browser keeps lips and voice together. */
	#outgoing = new MediaStream();
	#incoming = new MediaStream();
	#notes: PeerNotes;

	#makingOffer = false;
	#ignoringOffer = false;
	#settingAnswer = false;
	/** Signals are handled one after another, in the order in which they came. */
	#signals: Promise<void> = Promise.resolve();
	#early: RTCIceCandidateInit[] = [];

	#state: MediaState = 'connecting';
	#wasConnected = false;
	#closed = false;
	#repair: ReturnType<typeof setTimeout> | undefined;
	#gauge = new PeerGauge();
	#restartedAt = -ATTEMPT;
	#network = new NetworkChange(() => {
		if (this.#pc.remoteDescription) this.#restart();
	});

	constructor(
		credentials: PeerCredentials,
		{ offering, relayOnly, on }: Pick<MediaWiring, 'offering' | 'relayOnly' | 'on'>,
	) {
		this.#on = on;
		this.#notes = new PeerNotes(on);
		this.#offering = offering;
		this.#pc = new RTCPeerConnection({
			iceServers: credentials.iceServers as RTCIceServer[],
			iceTransportPolicy: relayOnly || credentials.relayOnly ? 'relay' : 'all',
			bundlePolicy: 'max-bundle',
		});
		this.#listen();
	}

	async connect(): Promise<void> {
		if (!this.#offering || this.#senders) return;
		const { sender: audio } = this.#pc.addTransceiver('audio', {
			direction: 'sendrecv',
			streams: [this.#outgoing],
		});
		const { sender: video } = this.#pc.addTransceiver('video', {
			direction: 'sendrecv',
			streams: [this.#outgoing],
		});
		this.#senders = { audio, video };
		this.#notes.take(this.#pc.createDataChannel('kith'));
		await this.#fill();
	}

	async send(tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null }): Promise<void> {
		this.#tracks = { ...tracks };
		await this.#fill();
	}

	tell(status: SideStatus): void {
		this.#notes.tell(status);
	}

	take(signal: CallSignal): void {
		this.#signals = this.#signals
			.then(() => this.#take(signal))
			.catch(() => {
				// A signal that makes no sense here (another time, another browser's mistake) is dropped; if the path
				// does not come about because of it, the repair tries again from the start.
			});
	}

	renew(credentials: CallCredentials): void {
		if (credentials.by !== 'peer' || this.#closed) return;
		this.#pc.setConfiguration({
			...this.#pc.getConfiguration(),
			iceServers: credentials.iceServers as RTCIceServer[],
		});
	}

	recheck(): void {
		if (this.#closed) return;
		// Said while the line was down, so perhaps to nobody.
		this.#on.signal({ is: 'again' });
		this.#sayAgain();
	}

	async stats(): Promise<MediaStats | null> {
		return this.#closed ? null : this.#gauge.read(await this.#pc.getStats());
	}

	close(): void {
		if (this.#closed) return;
		this.#notes.sayBye();
		this.#closed = true;
		clearTimeout(this.#repair);
		this.#network.close();
		// The good-bye leaves the browser only when the channel still lives for a moment.
		const pc = this.#pc;
		setTimeout(() => pc.close(), 200);
		for (const sender of pc.getSenders()) sender.replaceTrack(null).catch(() => {});
	}

	#listen(): void {
		const pc = this.#pc;
		pc.onnegotiationneeded = async () => {
			if (this.#closed || !this.#offering) return;
			try {
				this.#makingOffer = true;
				await pc.setLocalDescription();
				this.#describe();
			} catch {
				// The connection was closed meanwhile, or a crossing offer was taken: both make this one moot.
			} finally {
				this.#makingOffer = false;
			}
		};
		pc.onicecandidate = ({ candidate }) => {
			if (this.#closed) return;
			const { sdpMid = null, sdpMLineIndex = null, usernameFragment = null } = candidate ?? {};
			if (candidate)
				this.#on.signal({
					is: 'candidate',
					candidate: candidate.candidate,
					sdpMid,
					sdpMLineIndex,
					usernameFragment,
				});
		};
		pc.ontrack = ({ track, streams: [stream] }) => {
			if (this.#closed) return;
			// Not every browser names the stream of a line that began without a track.
			if (!stream) this.#incoming.addTrack(track);
			this.#on.remote(stream ?? this.#incoming);
		};
		pc.ondatachannel = ({ channel }) => this.#notes.take(channel);
		pc.onconnectionstatechange = pc.oniceconnectionstatechange = () => this.#look();
	}

	async #take(signal: CallSignal): Promise<void> {
		const pc = this.#pc;
		if (this.#closed) return;
		if (signal.is === 'again') return this.#sayAgain();
		if (signal.is === 'restart') {
			// Both sides lose a path at about the same time; one attempt is enough for both.
			const trying = !this.#reached() && performance.now() - this.#restartedAt < ATTEMPT / 2;
			return trying ? undefined : this.#restart();
		}
		if (signal.is === 'candidate') {
			const { is: _, ...candidate } = signal;
			if (!pc.remoteDescription) this.#early.push(candidate);
			else if (!this.#ignoringOffer) await pc.addIceCandidate(candidate);
			return;
		}

		const ready = !this.#makingOffer && (pc.signalingState === 'stable' || this.#settingAnswer);
		const collision = signal.type === 'offer' && !ready;
		this.#ignoringOffer = this.#offering && collision;
		if (this.#ignoringOffer) return;
		// An answer to an offer that is not standing any more.
		if (signal.type === 'answer' && pc.signalingState !== 'have-local-offer') return;

		this.#settingAnswer = signal.type === 'answer';
		try {
			await pc.setRemoteDescription({ type: signal.type, sdp: signal.sdp });
		} finally {
			this.#settingAnswer = false;
		}
		for (const candidate of this.#early.splice(0)) await pc.addIceCandidate(candidate).catch(() => {});
		if (signal.type === 'offer') {
			await this.#join();
			await pc.setLocalDescription();
			this.#describe();
		}
	}

	/** Puts this side's tracks into the lines that the first offer made. */
	async #join(): Promise<void> {
		if (this.#senders) return;
		const [audio, video] = ['audio', 'video'].map((kind) =>
			this.#pc.getTransceivers().find((line) => line.receiver.track.kind === kind),
		);
		if (!audio || !video) return;
		for (const line of [audio, video]) {
			line.direction = 'sendrecv';
			line.sender.setStreams?.(this.#outgoing);
		}
		this.#senders = { audio: audio.sender, video: video.sender };
		await this.#fill();
	}

	async #fill(): Promise<void> {
		if (!this.#senders || this.#closed) return;
		const { audio, video } = this.#senders;
		await Promise.all([audio.replaceTrack(this.#tracks.audio), video.replaceTrack(this.#tracks.video)]);
	}

	#describe(): void {
		const description = this.#pc.localDescription;
		if (this.#closed || !description || (description.type !== 'offer' && description.type !== 'answer'))
			return;
		this.#on.signal({ is: 'description', type: description.type, sdp: description.sdp });
	}

	/** An offer that may have been lost is made again; it now holds the candidates found since. */
	#sayAgain(): void {
		if (this.#pc.signalingState === 'have-local-offer') this.#describe();
		else if (!this.#reached() && this.#pc.remoteDescription) this.#restart();
	}

	#reached(): boolean {
		return this.#pc.connectionState === 'connected';
	}

	#look(): void {
		if (this.#closed) return;
		const pc = this.#pc;
		if (this.#reached()) {
			clearTimeout(this.#repair);
			this.#repair = undefined;
			this.#wasConnected = true;
			return this.#become('connected');
		}
		if (pc.connectionState === 'failed' || pc.iceConnectionState === 'failed') {
			this.#become(this.#wasConnected ? 'reconnecting' : 'connecting');
			clearTimeout(this.#repair);
			this.#restart();
		} else if (pc.iceConnectionState === 'disconnected' && this.#repair === undefined) {
			this.#repair = setTimeout(() => {
				this.#become(this.#wasConnected ? 'reconnecting' : 'connecting');
				this.#restart();
			}, SHAKY);
		}
	}

	/** Looks for another path, again and again until there is one. Giving up is the session's to decide. */
	#restart(): void {
		clearTimeout(this.#repair);
		if (this.#closed) return;
		this.#restartedAt = performance.now();
		if (this.#offering) {
			// An offer that is still open would hold the new one back.
			if (this.#pc.signalingState === 'have-local-offer') this.#describe();
			this.#pc.restartIce();
		} else {
			this.#on.signal({ is: 'restart' });
		}
		this.#repair = setTimeout(() => {
			if (!this.#reached()) this.#restart();
		}, ATTEMPT);
	}

	#become(state: MediaState): void {
		if (state === this.#state) return;
		this.#state = state;
		this.#on.state(state);
	}
}
