import * as v from 'valibot';
import { iceServer, type IceServer, type PeerCredentials } from '#lib/chat/call-frames.ts';

/** What helps two devices to find a way to each other: addresses from STUN, and a relay from Cloudflare TURN. */
export interface IceConfig {
	stun: string[];
	/** A TURN key of Cloudflare Realtime; short-lived credentials are made from it for every call. */
	turn: { keyId: string; apiToken: string } | null;
	relayOnly: boolean;
}

/** Asked for nothing but the device's own address. Cloudflare runs it for everybody. */
const DEFAULT_STUN = 'stun:stun.cloudflare.com:3478';
/** As long as any call; Cloudflare allows 48 h. */
const TTL_SECONDS = 12 * 3_600;
/** A call does not wait longer than this for a relay that it may not need. */
const DEADLINE = 3_000;

/**
 * Reads STUN_URLS (separated by commas or spaces; `none` for none; Cloudflare's when not set), TURN_KEY_ID with
 * TURN_KEY_API_TOKEN, and CALLS_RELAY_ONLY ("true").
 * @throws a sentence for whoever configures it
 */
export function readIce(env: Record<string, unknown>): IceConfig {
	const text = (name: string) => (typeof env[name] === 'string' ? env[name].trim() : '');
	const said = text('STUN_URLS') || DEFAULT_STUN;
	const stun = said === 'none' ? [] : said.split(/[\s,]+/).filter(Boolean);
	if (!stun.every((url) => /^stuns?:/.test(url))) {
		throw new Error('STUN_URLS must be stun: addresses separated by commas, or none.');
	}
	const [keyId, apiToken] = [text('TURN_KEY_ID'), text('TURN_KEY_API_TOKEN')];
	if (!keyId !== !apiToken)
		throw new Error('TURN_KEY_ID and TURN_KEY_API_TOKEN must both be set, or neither.');
	const relayOnly = text('CALLS_RELAY_ONLY') === 'true';
	if (relayOnly && !keyId) throw new Error('CALLS_RELAY_ONLY needs TURN_KEY_ID and TURN_KEY_API_TOKEN.');
	return { stun, turn: keyId ? { keyId, apiToken } : null, relayOnly };
}

const answer = v.object({
	// One entry in older answers, several in newer ones; `urls` alone or in a list.
	iceServers: v.pipe(
		v.unknown(),
		v.transform((servers) =>
			(Array.isArray(servers) ? servers : [servers]).map((server) =>
				typeof server?.urls === 'string' ? { ...server, urls: [server.urls] } : server,
			),
		),
		v.array(iceServer),
	),
});

/**
 * What one device needs for one call. A relay that cannot be had in time is left out, and the call tries without;
 * with `relayOnly` it is not tried without, because that would show the addresses it is meant to hide.
 * @param outside the platform's fetch
 * @param failed told why there is no relay, for the log
 */
export async function iceServers(
	config: IceConfig,
	outside: typeof fetch,
	failed: (reason: unknown) => void = () => {},
): Promise<PeerCredentials> {
	const servers: IceServer[] = config.stun.length > 0 ? [{ urls: config.stun }] : [];
	if (config.turn) {
		try {
			servers.push(...(await relay(config.turn, outside)));
		} catch (reason) {
			failed(reason);
		}
	}
	return { by: 'peer', iceServers: servers, relayOnly: config.relayOnly };
}

async function relay(turn: { keyId: string; apiToken: string }, outside: typeof fetch): Promise<IceServer[]> {
	const url = `https://rtc.live.cloudflare.com/v1/turn/keys/${encodeURIComponent(turn.keyId)}/credentials/generate-ice-servers`;
	const response = await outside(url, {
		method: 'POST',
		headers: { authorization: `Bearer ${turn.apiToken}`, 'content-type': 'application/json' },
		body: JSON.stringify({ ttl: TTL_SECONDS }),
		signal: AbortSignal.timeout(DEADLINE),
	});
	if (!response.ok) throw new Error(`Cloudflare TURN answered ${response.status}`);
	const { iceServers } = v.parse(answer, await response.json());
	return (
		iceServers
			// Browsers block port 53 and wait for it in vain.
			.map((server) => ({ ...server, urls: server.urls.filter((url) => !/:53(\?|$)/.test(url)) }))
			.filter((server) => server.urls.length > 0)
	);
}
