import type { ZegoConfig } from './zego-token.ts';

/**
 * The domains under which ZEGO's SDK looks for its servers: those written into zego-express-engine-webrtc 3.12 as first
 * addresses and as their replacements. Which of them it begins with is its own choice, whatever server is named.
 */
const DOMAINS = [
	'zego.im',
	'zegocloud.com',
	'coolzcloud.com',
	'coolbcloud.com',
	'coolgcloud.com',
	'cooldcloud.com',
];

/** What a page must be allowed to connect to for calls through ZEGOCLOUD, in the words of `connect-src`. */
export function zegoSources(zego: ZegoConfig): string[] {
	const own = zego.servers.flatMap((server) => {
		const { protocol, host } = new URL(server);
		return [`${protocol}//${host}`, `${protocol === 'wss:' ? 'https' : 'http'}://${host}`];
	});
	return [...new Set([...own, ...DOMAINS.flatMap((domain) => [`wss://*.${domain}`, `https://*.${domain}`])])];
}

/**
 * A Content-Security-Policy that lets pages connect to more.
 * @param policy with a `connect-src`
 */
export function letConnect(policy: string, sources: string[]): string {
	return sources.length === 0
		? policy
		: policy.replace(/(^|;)\s*connect-src [^;]*/, (directive) => [directive, ...sources].join(' '));
}
