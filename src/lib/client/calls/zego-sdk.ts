import type { ZegoExpressEngine } from 'zego-express-engine-webrtc';
import type { MediaFailure } from './call-media.ts';

/** ZegoScenario.StandardVideoCall: enums of declarations have no value at run time. */
const VIDEO_CALL = 4;

type Sdk = typeof import('zego-express-engine-webrtc');
/** The SDK is a UMD file: bundlers give its exports by name or under `default`. */
type Loaded = Partial<Sdk> & { default?: Partial<Sdk> };

/**
 * Loads the SDK and makes its engine.
 * @throws when it is not there, or not for this browser
 */
export async function loadEngine(appId: number, servers: string[]): Promise<ZegoExpressEngine> {
	// Over 500 kB, and it touches `document` when it is loaded. The guard keeps it out of the Worker's bundle.
	if (!import.meta.env.SSR) {
		const sdk = (await import('zego-express-engine-webrtc')) as Loaded;
		const Engine = sdk.ZegoExpressEngine ?? sdk.default?.ZegoExpressEngine;
		if (Engine) return new Engine(appId, servers, { scenario: VIDEO_CALL });
	}
	throw new Error('the SDK is not here');
}

/** @returns what `work` comes to, or undefined when it takes longer */
export async function before<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
	try {
		return await Promise.race([work, late]);
	} finally {
		clearTimeout(timer);
	}
}

/** What the SDK throws or says, in our words. Its codes are in the documentation of the Express SDK for the web. */
export function failureOf(error: unknown): MediaFailure {
	const said = (error ?? {}) as {
		errorCode?: unknown;
		code?: unknown;
		extendedData?: unknown;
		msg?: unknown;
		message?: unknown;
	};
	const code = Number(said.errorCode ?? said.code);
	const words = [said.extendedData, said.msg, said.message]
		.filter((each) => typeof each === 'string')
		.join(' ');
	// 1102016 token wrong, 1102018 token expired, 1002077 and 1002078 the same as said by the room's server
	if ([1_102_016, 1_102_018, 1_002_077, 1_002_078].includes(code) || /token|auth|privilege/i.test(words)) {
		return 'not_admitted';
	}
	return 'service_away';
}
