/**
 * Tokens for ZEGOCLOUD, form "04" with AES-GCM, as its own server assistant makes them
 * (github.com/zegoim/zego_server_assistant, token/nodejs/token04). WebCrypto only.
 */

export interface ZegoConfig {
	appId: number;
	/** The 32 characters of the console, used as they are for the key of AES-256. Never leaves the server. */
	secret: string;
	/** `wss://…`, from the console. Several are tried in turn. */
	servers: string[];
}

/** A token opens the room of one call for one hour; the client asks for the next one before that. */
export const TOKEN_SECONDS = 3_600;

/** What a token says, in the order in which it is written. */
export interface Claims {
	app_id: number;
	user_id: string;
	nonce: number;
	/** Seconds since 1970. */
	ctime: number;
	expire: number;
	payload: string;
}

/**
 * Reads ZEGO_APP_ID, ZEGO_SERVER_SECRET and ZEGO_SERVER_URL (several URLs separated by commas or spaces).
 * @returns null when none of the three is set
 * @throws a sentence for whoever configures it, when they are incomplete or malformed
 */
export function readZego(env: Record<string, unknown>): ZegoConfig | null {
	const [id, secret, urls] = [env.ZEGO_APP_ID, env.ZEGO_SERVER_SECRET, env.ZEGO_SERVER_URL].map((value) =>
		typeof value === 'string' ? value.trim() : '',
	) as [string, string, string];
	if (!id && !secret && !urls) return null;
	if (!id || !secret || !urls) {
		throw new Error('ZEGO_APP_ID, ZEGO_SERVER_SECRET and ZEGO_SERVER_URL must all be set, or none of them.');
	}
	const appId = Number(id);
	if (!Number.isSafeInteger(appId) || appId <= 0) throw new Error('ZEGO_APP_ID must be a number.');
	if (new TextEncoder().encode(secret).length !== 32) {
		throw new Error('ZEGO_SERVER_SECRET must be the 32 characters of the ZEGOCLOUD console.');
	}
	const servers = urls.split(/[\s,]+/).filter(Boolean);
	if (!servers.every((url) => /^wss?:\/\//.test(url) && URL.canParse(url))) {
		throw new Error('ZEGO_SERVER_URL must be a wss:// address, or several separated by commas.');
	}
	return { appId, secret, servers };
}

/**
 * What a member's device needs to take part in one call: names and a token that holds for this person, this call, and
 * publishing this one stream.
 * @param now ms since 1970
 */
export async function admit(zego: ZegoConfig, call: string, person: string, now: number) {
	const stream = `${call}-${person}`;
	const seconds = Math.floor(now / 1000);
	const token = await token04(zego.secret, {
		app_id: zego.appId,
		user_id: person,
		nonce: crypto.getRandomValues(new Int32Array(1))[0]!,
		ctime: seconds,
		expire: seconds + TOKEN_SECONDS,
		// Rights: 1 is to log in to the room, 2 to publish. Looked at when the project has this switched on at ZEGO.
		payload: JSON.stringify({ room_id: call, privilege: { 1: 1, 2: 1 }, stream_id_list: [stream] }),
	});
	return {
		by: 'zego' as const,
		appId: zego.appId,
		servers: zego.servers,
		room: call,
		user: person,
		stream,
		token,
	};
}

/**
 * "04", then base64 of: int64 expire, uint16 length of the IV, IV, uint16 length of the ciphertext, ciphertext with its
 * tag, and the byte 1 that says GCM. Numbers big-endian.
 * @param iv 12 bytes, given only by tests
 */
export async function token04(
	secret: string,
	claims: Claims,
	iv: Uint8Array<ArrayBuffer> = crypto.getRandomValues(new Uint8Array(12)),
): Promise<string> {
	const encoder = new TextEncoder();
	const key = await crypto.subtle.importKey('raw', encoder.encode(secret), 'AES-GCM', false, ['encrypt']);
	const { app_id, user_id, nonce, ctime, expire, payload } = claims;
	const plain = encoder.encode(JSON.stringify({ app_id, user_id, nonce, ctime, expire, payload }));
	const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain));

	const bytes = new Uint8Array(8 + 2 + iv.length + 2 + sealed.length + 1);
	const view = new DataView(bytes.buffer);
	view.setBigInt64(0, BigInt(expire));
	view.setUint16(8, iv.length);
	bytes.set(iv, 10);
	view.setUint16(10 + iv.length, sealed.length);
	bytes.set(sealed, 12 + iv.length);
	bytes[bytes.length - 1] = 1;
	return '04' + btoa(String.fromCharCode(...bytes));
}
