import { describe, expect, it } from 'vitest';
import { iceServers, readIce, type IceConfig } from './turn.ts';

const turn = { keyId: 'key/1', apiToken: 'secret-token' };
const config: IceConfig = { stun: ['stun:stun.example:3478'], turn, relayOnly: false };
const STUN = { urls: ['stun:stun.example:3478'] };

function cloudflare(answer: () => Promise<Response>) {
	const asked: { url: string; init: RequestInit }[] = [];
	const outside = (async (url: string, init: RequestInit) => {
		asked.push({ url, init });
		return answer();
	}) as typeof fetch;
	return { asked, outside };
}

const created = (body: unknown) => async () => Response.json(body, { status: 201 });

describe('ICE servers', () => {
	it('are STUN alone without a TURN key, and nobody is asked', async () => {
		const { asked, outside } = cloudflare(created({}));
		expect(await iceServers({ ...config, turn: null }, outside)).toEqual({
			by: 'peer',
			iceServers: [STUN],
			relayOnly: false,
		});
		expect(asked).toEqual([]);
	});

	it('have short-lived credentials of the relay, without the addresses that browsers block', async () => {
		const { asked, outside } = cloudflare(
			created({
				iceServers: [
					{ urls: ['stun:stun.cloudflare.com:3478', 'stun:stun.cloudflare.com:53'] },
					{
						urls: [
							'turn:turn.cloudflare.com:3478?transport=udp',
							'turn:turn.cloudflare.com:53?transport=udp',
							'turns:turn.cloudflare.com:443?transport=tcp',
						],
						username: 'u',
						credential: 'c',
					},
					{ urls: 'turn:turn.cloudflare.com:53', username: 'u', credential: 'c' },
				],
			}),
		);
		expect((await iceServers(config, outside)).iceServers).toEqual([
			STUN,
			{ urls: ['stun:stun.cloudflare.com:3478'] },
			{
				urls: ['turn:turn.cloudflare.com:3478?transport=udp', 'turns:turn.cloudflare.com:443?transport=tcp'],
				username: 'u',
				credential: 'c',
			},
		]);
		expect(asked[0]?.url).toBe(
			'https://rtc.live.cloudflare.com/v1/turn/keys/key%2F1/credentials/generate-ice-servers',
		);
		expect(asked[0]?.init).toMatchObject({
			method: 'POST',
			headers: { authorization: 'Bearer secret-token' },
		});
		expect(JSON.parse(asked[0]?.init.body as string).ttl).toBeLessThanOrEqual(48 * 3_600);
		expect(asked[0]?.init.signal).toBeInstanceOf(AbortSignal);
	});

	it('are understood in the older form too, with one entry', async () => {
		const { outside } = cloudflare(
			created({ iceServers: { urls: ['turn:turn.cloudflare.com:3478'], username: 'u', credential: 'c' } }),
		);
		expect((await iceServers(config, outside)).iceServers).toHaveLength(2);
	});

	it.each([
		['answers 500', async () => new Response('no', { status: 500 })],
		['cannot be reached', async () => Promise.reject(new TypeError('fetch failed'))],
		['does not answer in time', async () => Promise.reject(new DOMException('late', 'TimeoutError'))],
		['answers something else', created({ iceServers: [{ url: 'turn:x' }] })],
		['answers no JSON', async () => new Response('<html>', { status: 201 })],
	])('are STUN alone when the relay %s, and it is said why', async (_, answer) => {
		const reasons: unknown[] = [];
		const { outside } = cloudflare(answer);
		const given = await iceServers(config, outside, (reason) => reasons.push(reason));
		expect(given.iceServers).toEqual([STUN]);
		expect(reasons).toHaveLength(1);
		expect(JSON.stringify(given)).not.toContain(turn.apiToken);
	});

	it('stay relay-only when the relay fails: no address is shown', async () => {
		const { outside } = cloudflare(async () => new Response('no', { status: 500 }));
		expect((await iceServers({ ...config, relayOnly: true }, outside)).relayOnly).toBe(true);
	});
});

describe('configuration', () => {
	it('has a public STUN server unless it says otherwise', () => {
		expect(readIce({})).toEqual({ stun: ['stun:stun.cloudflare.com:3478'], turn: null, relayOnly: false });
		expect(readIce({ STUN_URLS: 'none' }).stun).toEqual([]);
		expect(readIce({ STUN_URLS: 'stun:a.example:1, stuns:b.example:2' }).stun).toEqual([
			'stun:a.example:1',
			'stuns:b.example:2',
		]);
	});
	it('takes a TURN key', () => {
		const env = { TURN_KEY_ID: 'k', TURN_KEY_API_TOKEN: 't', CALLS_RELAY_ONLY: 'true' };
		expect(readIce(env)).toMatchObject({ turn: { keyId: 'k', apiToken: 't' }, relayOnly: true });
	});
	it.each([
		['a STUN address is none', { STUN_URLS: 'https://x' }, /stun:/],
		['half a TURN key is set', { TURN_KEY_ID: 'k' }, /both be set/],
		['relay-only has no relay', { CALLS_RELAY_ONLY: 'true' }, /needs TURN_KEY_ID/],
	])('says so when %s', (_, env, sentence) => {
		expect(() => readIce(env)).toThrow(sentence);
	});
});
