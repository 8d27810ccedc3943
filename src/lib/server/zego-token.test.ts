import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { admit, readZego, token04, type Claims } from './zego-token.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const claims: Claims = {
	app_id: 1234567890,
	user_id: 'user-1',
	nonce: 123456789,
	ctime: 1700000000,
	expire: 1700003600,
	payload: '',
};

/** Opens a token with node's own crypto, so that WebCrypto is not checked against itself. */
function open(token: string, secret = SECRET): Claims {
	expect(token.slice(0, 2)).toBe('04');
	const bytes = Buffer.from(token.slice(2), 'base64');
	const expire = Number(bytes.readBigInt64BE(0));
	const ivLength = bytes.readUInt16BE(8);
	const iv = bytes.subarray(10, 10 + ivLength);
	const length = bytes.readUInt16BE(10 + ivLength);
	const sealed = bytes.subarray(12 + ivLength, 12 + ivLength + length);
	expect([...bytes.subarray(12 + ivLength + length)]).toEqual([1]);
	const decipher = createDecipheriv('aes-256-gcm', Buffer.from(secret, 'ascii'), iv);
	decipher.setAuthTag(sealed.subarray(-16));
	const text = decipher.update(sealed.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8');
	expect(JSON.parse(text).expire).toBe(expire);
	return JSON.parse(text) as Claims;
}

describe('token04', () => {
	it('is byte for byte what an independent implementation makes (K6)', async () => {
		const iv = Uint8Array.from({ length: 12 }, (_, i) => i);
		expect(await token04(SECRET, claims, iv)).toBe(
			'04AAAAAGVT/xAADAABAgMEBQYHCAkKCwB+VsfaDKlHu8iK5kCMQvvkMtEwOrcQngH4Ra7k3dwHlqbI2FNsZIQ1PLNL1DK5yeEAHdmuxT2GovoRbxYtaHJyG484VQYGE2ubbVl4LdVTaUB0vrAVZlfU07CAd++ReaNlwLJr6fTD8Xdiyg0x511if66u2E0VP+5XS6wnBmG+AQ==',
		);
	});

	it('opens to the claims it was made of, and never looks the same twice', async () => {
		const [one, other] = await Promise.all([token04(SECRET, claims), token04(SECRET, claims)]);
		expect(open(one)).toEqual(claims);
		expect(open(other)).toEqual(claims);
		expect(one).not.toBe(other);
	});

	it('cannot be opened with another secret', async () => {
		const token = await token04(SECRET, claims);
		expect(open(token)).toEqual(claims);
		expect(() => open(token, SECRET.replace('0', '1'))).toThrow();
	});
});

describe('admission to a call', () => {
	const zego = { appId: 42, secret: SECRET, servers: ['wss://zego.example/ws'] };

	it('holds for one person, one call, one stream and one hour (K6)', async () => {
		const now = 1_700_000_000_500;
		const given = await admit(zego, 'call-0001', 'ana00001', now);
		expect(given).toMatchObject({
			by: 'zego',
			appId: 42,
			servers: ['wss://zego.example/ws'],
			room: 'call-0001',
			user: 'ana00001',
			stream: 'call-0001-ana00001',
		});
		const said = open(given.token);
		expect(said).toMatchObject({
			app_id: 42,
			user_id: 'ana00001',
			ctime: 1_700_000_000,
			expire: 1_700_003_600,
		});
		expect(JSON.parse(said.payload)).toEqual({
			room_id: 'call-0001',
			privilege: { 1: 1, 2: 1 },
			stream_id_list: ['call-0001-ana00001'],
		});
		expect(Number.isInteger(said.nonce) && Math.abs(said.nonce) <= 2 ** 31).toBe(true);
		expect(JSON.stringify(given)).not.toContain(SECRET);
	});
});

describe('configuration', () => {
	const env = {
		ZEGO_APP_ID: '42',
		ZEGO_SERVER_SECRET: SECRET,
		ZEGO_SERVER_URL: 'wss://a.example/ws, wss://b.example/ws',
	};

	it('is read from three values', () => {
		expect(readZego(env)).toEqual({
			appId: 42,
			secret: SECRET,
			servers: ['wss://a.example/ws', 'wss://b.example/ws'],
		});
	});
	it('is absent when none is set', () => {
		expect(readZego({})).toBeNull();
		expect(readZego({ ZEGO_APP_ID: '', ZEGO_SERVER_SECRET: ' ' })).toBeNull();
	});
	it.each([
		['one is missing', { ...env, ZEGO_SERVER_SECRET: '' }, /all be set/],
		['the app id is no number', { ...env, ZEGO_APP_ID: 'abc' }, /number/],
		['the secret is short', { ...env, ZEGO_SERVER_SECRET: 'short' }, /32 characters/],
		['the address is no socket', { ...env, ZEGO_SERVER_URL: 'https://a.example' }, /wss/],
	])('says so when %s', (_, wrong, sentence) => {
		expect(() => readZego(wrong)).toThrow(sentence);
	});
});
