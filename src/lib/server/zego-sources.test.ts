import { expect, it } from 'vitest';
import { letConnect, zegoSources } from './zego-sources.ts';

const zego = {
	appId: 42,
	secret: '0123456789abcdef0123456789abcdef',
	servers: ['wss://calls.example:8443/ws'],
};

it('pages may connect to ZEGO where it is configured: to its domains and to the servers that are named (K6)', () => {
	const sources = zegoSources(zego);
	expect(sources.slice(0, 4)).toEqual([
		'wss://calls.example:8443',
		'https://calls.example:8443',
		'wss://*.zego.im',
		'https://*.zego.im',
	]);
	expect(new Set(sources).size).toBe(sources.length);
	expect(sources.join(' ')).not.toMatch(/[;,']/);
});

it('the policy is widened in that one place', () => {
	const policy = "default-src 'none'; connect-src 'self'; worker-src 'self' blob:";
	expect(letConnect(policy, ['wss://a.example', 'https://a.example'])).toBe(
		"default-src 'none'; connect-src 'self' wss://a.example https://a.example; worker-src 'self' blob:",
	);
	expect(letConnect(policy, [])).toBe(policy);
	expect(letConnect("script-src 'self'", ['wss://a.example'])).toBe("script-src 'self'");
});
