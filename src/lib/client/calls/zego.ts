import type { ZegoExpressEngine } from 'zego-express-engine-webrtc';
import type ZegoLocalStream from 'zego-express-engine-webrtc/sdk/code/zh/ZegoLocalStream.web';
import type {
	ZegoEvent,
	ZegoPlayStats,
	ZegoStreamUpdateType,
} from 'zego-express-engine-webrtc/sdk/code/zh/ZegoExpressEntity.web';
import type { CallCredentials, CallSignal, ZegoCredentials } from '#lib/chat/call-frames.ts';
import type {
	CallMedia,
	CallMediaEvents,
	MediaFailure,
	MediaState,
	MediaStats,
	SideStatus,
} from './call-media.ts';
import { before, failureOf, loadEngine } from './zego-sdk.ts';

/** The SDK tries for long and sometimes says nothing; a person has hung up before that. ms */
const LOGIN_DEADLINE = 15_000;
/** How long to wait before a stream that stopped is sent or asked for again. */
const AGAIN = 2_000;

/** Enums of declarations have no value at run time. */
const UPDATE = { video: 0 as ZegoStreamUpdateType.video, audio: 1 as ZegoStreamUpdateType.audio };

/** Media through ZEGOCLOUD's servers: one room for one call, in which each side publishes one stream. */
export class ZegoMedia implements CallMedia {
	#credentials: ZegoCredentials;
	#on: CallMediaEvents;
	#engine: ZegoExpressEngine | null = null;
	#local: ZegoLocalStream | null = null;
	#tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = { audio: null, video: null };
	/** What the SDK has of these. */
	#captured: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null } = {
		audio: null,
		video: null,
	};
	/** Changes to what is sent, one after another: the SDK does not take two at a time. */
	#sending: Promise<void> = Promise.resolve();
	#loggedIn = false;
	#publishing = false;
	/** The other side's stream. */
	#theirs: string | null = null;
	#playing = false;
	#wasConnected = false;
	#state: MediaState = 'connecting';
	#status: SideStatus | null = null;
	#quality: ZegoPlayStats | null = null;
	#timers = new Set<ReturnType<typeof setTimeout>>();
	#closed = false;

	constructor(credentials: ZegoCredentials, on: CallMediaEvents) {
		this.#credentials = credentials;
		this.#on = on;
	}

	async connect(): Promise<void> {
		if (this.#engine || this.#closed) return;
		const { appId, servers, room, user, token } = this.#credentials;
		let engine: ZegoExpressEngine;
		try {
			engine = await loadEngine(appId, servers);
		} catch {
			return this.#become('failed', 'sdk_missing');
		}
		// Hung up while it loaded.
		if (this.#closed) return engine.destroyEngine();
		this.#engine = engine;
		try {
			// Its log stays out of this console and away from its makers.
			engine.setLogConfig({ logLevel: 'disable', remoteLogLevel: 'disable' });
			this.#listen(engine);
			const entered = await before(
				LOGIN_DEADLINE,
				engine.loginRoom(room, token, { userID: user }, { userUpdate: true, maxMemberCount: 2 }),
			);
			if (this.#closed) return;
			if (!entered) return this.#become('failed', 'service_away');
			this.#loggedIn = true;
			await this.send(this.#tracks);
		} catch (error) {
			if (!this.#closed) this.#become('failed', failureOf(error));
		}
	}

	send(tracks: { audio: MediaStreamTrack | null; video: MediaStreamTrack | null }): Promise<void> {
		this.#tracks = { ...tracks };
		this.#sending = this.#sending
			.then(() => this.#publish())
			.catch(() => {
				// The other side keeps what it had; the next change, or the next try, sends all there is.
				this.#later(() => void this.send(this.#tracks));
			});
		return this.#sending;
	}

	tell(status: SideStatus): void {
		this.#status = status;
		if (!this.#engine || !this.#publishing) return;
		const { microphone, camera, screen } = status;
		this.#engine
			.setStreamExtraInfo(this.#credentials.stream, JSON.stringify({ microphone, camera, screen }))
			.catch(() => {}); // only a hint; the picture itself says the same
	}

	take(_signal: CallSignal): void {
		// ZEGO has signalling of its own.
	}

	renew(credentials: CallCredentials): void {
		if (credentials.by !== 'zego' || this.#closed) return;
		this.#credentials = credentials;
		this.#engine?.renewToken(credentials.token, credentials.room);
	}

	recheck(): void {
		// The SDK watches its own line and comes back by itself.
	}

	async stats(): Promise<MediaStats | null> {
		if (!this.#quality || this.#closed) return null;
		const { peerToPeerDelay, peerToPeerPacketLostRate, video } = this.#quality;
		return {
			roundTrip: peerToPeerDelay === undefined ? null : 2 * peerToPeerDelay,
			loss: peerToPeerPacketLostRate ?? null,
			bytesReceived: 0,
			bytesSent: 0,
			framesDecoded: video.videoFramesDecoded,
			relayed: true,
		};
	}

	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		for (const timer of this.#timers) clearTimeout(timer);
		const engine = this.#engine;
		if (!engine) return;
		const { stream, room } = this.#credentials;
		// Each of these may complain about a state it is not in; none may keep the next from running.
		for (const leave of [
			() => this.#theirs && engine.stopPlayingStream(this.#theirs),
			() => engine.stopPublishingStream(stream),
			() => this.#local && engine.destroyStream(this.#local),
			() => engine.logoutRoom(room),
			() => engine.destroyEngine(),
		]) {
			try {
				leave();
			} catch {
				// gone already
			}
		}
	}

	async #publish(): Promise<void> {
		const engine = this.#engine;
		if (!engine || !this.#loggedIn || this.#closed) return;
		const { audio, video } = this.#tracks;
		if (!this.#local) {
			if (!audio && !video) return;
			const local = await engine.createZegoStream({
				custom: {
					...(audio ? { audio: { source: new MediaStream([audio]) } } : {}),
					...(video ? { video: { source: new MediaStream([video]) } } : {}),
				},
			});
			if (this.#closed) return engine.destroyStream(local);
			this.#local = local;
			this.#captured = { audio, video };
		} else {
			// Only what is another: the voice has no gap when the camera goes on.
			if (audio !== this.#captured.audio) {
				await (audio
					? this.#local.startCaptureCustomAudio({ source: new MediaStream([audio]) })
					: this.#local.stopCaptureAudio());
				if (this.#publishing) await engine.updatePublishingStream(this.#local, UPDATE.audio);
				this.#captured.audio = audio;
			}
			if (video !== this.#captured.video) {
				await (video
					? this.#local.startCaptureCustomVideo({ source: new MediaStream([video]) })
					: this.#local.stopCaptureVideo());
				if (this.#publishing) await engine.updatePublishingStream(this.#local, UPDATE.video);
				this.#captured.video = video;
			}
		}
		if (this.#closed || this.#publishing) return;
		this.#publishing = engine.startPublishingStream(this.#credentials.stream, this.#local, {
			// Every browser that has WebRTC has VP8; H.264 is missing in some builds of Chromium.
			videoCodec: 'VP8',
		});
		if (!this.#publishing) throw new Error('not published');
		if (this.#status) this.tell(this.#status);
	}

	async #play(stream: string): Promise<void> {
		if (!this.#engine || this.#closed) return;
		this.#theirs = stream;
		try {
			const media = await this.#engine.startPlayingStream(stream);
			if (!this.#closed && this.#theirs === stream) this.#on.remote(media);
		} catch {
			this.#later(() => this.#theirs === stream && void this.#play(stream));
		}
	}

	#listen(engine: ZegoExpressEngine): void {
		const { room, stream: mine } = this.#credentials;
		const on = <K extends keyof ZegoEvent>(event: K, take: (...said: Parameters<ZegoEvent[K]>) => void) =>
			engine.on(event, ((...said: Parameters<ZegoEvent[K]>) => {
				if (!this.#closed) take(...said);
			}) as ZegoEvent[K]);

		on('roomStateChanged', (_room, reason, code, info) => {
			switch (reason as `${typeof reason}`) {
				case 'RECONNECTING':
					return this.#become('reconnecting');
				case 'RECONNECTED':
					return this.#settle();
				case 'LOGIN_FAILED':
				case 'RECONNECT_FAILED':
					return this.#become('failed', failureOf({ errorCode: code, extendedData: info }));
				case 'KICKOUT':
					return this.#become('failed', 'kicked_out');
			}
		});
		on('roomStreamUpdate', (_room, change, streams) => {
			for (const { streamID, extraInfo } of streams) {
				if (streamID === mine) continue;
				if (change === 'ADD') {
					void this.#play(streamID);
					this.#hear(extraInfo);
				} else if (streamID === this.#theirs) {
					// They may be back; whether the call is over is the room's to say.
					engine.stopPlayingStream(streamID);
					this.#theirs = null;
					this.#playing = false;
					this.#settle();
				}
			}
		});
		on('playerStateUpdate', ({ streamID, state, errorCode }) => {
			if (streamID !== this.#theirs) return;
			this.#playing = state === 'PLAYING';
			this.#settle();
			if (state === 'NO_PLAY' && errorCode)
				this.#later(() => this.#theirs === streamID && void this.#play(streamID));
		});
		on('publisherStateUpdate', ({ streamID, state, errorCode }) => {
			if (streamID !== mine || state !== 'NO_PUBLISH') return;
			this.#publishing = false;
			if (errorCode) this.#later(() => void this.send(this.#tracks));
		});
		on('streamExtraInfoUpdate', (_room, streams) => {
			for (const { streamID, extraInfo } of streams) if (streamID !== mine) this.#hear(extraInfo);
		});
		on('playQualityUpdate', (_stream, quality) => (this.#quality = quality));
		on('tokenWillExpire', (which) => which === room && this.#on.expiring());
	}

	#hear(info: string): void {
		try {
			const { microphone, camera, screen } = JSON.parse(info) as Record<string, unknown>;
			this.#on.status({ microphone: microphone === true, camera: camera === true, screen: screen === true });
		} catch {
			// nothing said yet
		}
	}

	#settle(): void {
		if (this.#playing) {
			this.#wasConnected = true;
			this.#become('connected');
		} else {
			this.#become(this.#wasConnected ? 'reconnecting' : 'connecting');
		}
	}

	#become(state: MediaState, failure?: MediaFailure): void {
		if (this.#closed || state === this.#state || this.#state === 'failed') return;
		this.#state = state;
		this.#on.state(state, failure);
	}

	#later(again: () => void): void {
		if (this.#closed || this.#state === 'failed') return;
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			if (!this.#closed) again();
		}, AGAIN);
		this.#timers.add(timer);
	}
}
