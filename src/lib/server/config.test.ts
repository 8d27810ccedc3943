import { describe, expect, test } from 'vitest';
import { read } from './config.ts';

const whole = {
	DATABASE_URL: 'postgres://kith:secret-word@ep-cool-name.eu-central-1.aws.neon.tech/kith?sslmode=require',
	SESSION_SECRET: '0123456789abcdef0123456789abcdef',
};

describe('read', () => {
	test('a database and a secret are enough', () => {
		const config = read(whole);
		expect(config.databaseUrl).toBe(whole.DATABASE_URL);
		expect('sqlEndpoint' in config).toBe(false);
		expect(new TextDecoder().decode(config.sessionSecret)).toBe(whole.SESSION_SECRET);
		expect(config.limits.loginPerAccount).toEqual({ max: 10, windowSeconds: 900 });
	});

	test('limits and the endpoint of a local database are taken from the environment', () => {
		const config = read({
			...whole,
			NEON_SQL_ENDPOINT: 'http://127.0.0.1:4444/sql',
			LOGIN_PER_ACCOUNT: '3/60',
			REGISTER_PER_ADDRESS: ' 1000/1 ',
		});
		expect(config.sqlEndpoint).toBe('http://127.0.0.1:4444/sql');
		expect(config.limits.loginPerAccount).toEqual({ max: 3, windowSeconds: 60 });
		expect(config.limits.registerPerAddress).toEqual({ max: 1000, windowSeconds: 1 });
	});

	test.each([
		[{ DATABASE_URL: undefined }, 'DATABASE_URL is not set'],
		[{ DATABASE_URL: ' ' }, 'DATABASE_URL is not set'],
		[{ DATABASE_URL: 'mysql://kith:secret-word@host/kith' }, 'DATABASE_URL does not look like'],
		[{ DATABASE_URL: 'postgres://kith:secret-word@host' }, 'DATABASE_URL does not look like'],
		[{ DATABASE_URL: 'secret-word' }, 'DATABASE_URL does not look like'],
		[{ SESSION_SECRET: '' }, 'SESSION_SECRET is not set'],
		[{ SESSION_SECRET: { not: 'text' } }, 'SESSION_SECRET is not set'],
		[{ SESSION_SECRET: 'secret-word' }, 'SESSION_SECRET is too short'],
		[{ NEON_SQL_ENDPOINT: 'secret-word' }, 'NEON_SQL_ENDPOINT is not a URL'],
		[
			{ ZEGO_SERVER_SECRET: 'secret-word' },
			'ZEGO_APP_ID, ZEGO_SERVER_SECRET and ZEGO_SERVER_URL must all be set',
		],
		[{ LOGIN_PER_ADDRESS: 'a lot' }, 'LOGIN_PER_ADDRESS must be'],
		[{ LOGIN_PER_ADDRESS: '0/60' }, 'LOGIN_PER_ADDRESS must be'],
	])('%j is refused with one sentence that repeats no secret', (change, sentence) => {
		expect(() => read({ ...whole, ...change })).toThrow(sentence);
		expect(() => read({ ...whole, ...change })).not.toThrow('secret-word');
	});
});
