import { describe, expect, test } from 'vitest';
import * as passwords from './passwords.ts';

describe('hash and verify', () => {
	test('a password is right for its hash and no other is', async () => {
		const stored = await passwords.hash('correct horse battery');
		expect(await passwords.verify('correct horse battery', stored)).toBe(true);
		expect(await passwords.verify('correct horse batterz', stored)).toBe(false);
		expect(await passwords.verify('', stored)).toBe(false);
	});

	test('the parameters stand in the hash, and are those that Workers can afford', async () => {
		const stored = await passwords.hash('correct horse battery');
		expect(stored).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
		expect(passwords.COST).toEqual({ ln: 14, r: 8, p: 5 });
	});

	test('the same password has another hash every time', async () => {
		expect(await passwords.hash('correct horse')).not.toBe(await passwords.hash('correct horse'));
	});

	test('a hash made with other parameters is still verified', async () => {
		// scryptSync('an old password', Buffer.alloc(16, 1), 32, { N: 1024, r: 4, p: 1 })
		const stored = '$scrypt$ln=10,r=4,p=1$AQEBAQEBAQEBAQEBAQEBAQ$KR0np2Dlz/LEcVgl6YQV3mkgA1Yrc1aKe5g8qzi3f8A';
		expect(await passwords.verify('an old password', stored)).toBe(true);
		expect(await passwords.verify('a new password', stored)).toBe(false);
	});

	test('no password is right where there is no account', async () => {
		expect(await passwords.verify('correct horse battery', null)).toBe(false);
		expect(await passwords.verify('', null)).toBe(false);
	});

	test('an account that does not exist takes as long as one that does', async () => {
		const stored = await passwords.hash('correct horse battery');
		const took = async (against: string | null) => {
			const times: number[] = [];
			for (let i = 0; i < 5; i++) {
				const start = performance.now();
				await passwords.verify('not the password', against);
				times.push(performance.now() - start);
			}
			return times.sort((a, b) => a - b)[2]!;
		};
		const [there, nobody] = [await took(stored), await took(null)];
		expect(nobody / there).toBeGreaterThan(0.5);
		expect(nobody / there).toBeLessThan(2);
	});

	test('the same letters typed in another form are the same password', async () => {
		const stored = await passwords.hash('Zo\u00eb likes ca\ufb01'); // one code point for ë, a ligature
		expect(await passwords.verify('Zoe\u0308 likes cafi', stored)).toBe(true);
	});

	test('a password that is too long to be chosen is never right', async () => {
		const long = 'x'.repeat(passwords.PASSWORD_MAX + 1);
		expect(await passwords.verify(long, await passwords.hash(long))).toBe(false);
	});

	test('something that is no hash is a bug, not a wrong password', async () => {
		await expect(passwords.verify('x', 'plain text')).rejects.toThrow('malformed');
		await expect(passwords.verify('x', '$scrypt$ln=99,r=8$$')).rejects.toThrow('malformed');
	});
});

describe('weakness', () => {
	test.each([
		['brass lantern, 4 geese', 'ana', null],
		['ünïcödé', 'bob', 'too_short'],
		['🦊🦊🦊🦊', 'bob', 'too_short'],
		['seven77', 'bob', 'too_short'],
		['eightch8', 'bob', null],
		['y'.repeat(199) + 'z', 'bob', null],
		['y'.repeat(200) + 'z', 'bob', 'too_long'],
		['I am ANA-Maria!', 'ana-maria', 'contains_username'],
		['password', 'bob', 'common'],
		['PassWord', 'bob', 'common'],
		['password1', 'bob', 'common'],
		['iloveyou', 'bob', 'common'],
		['1234567890', 'bob', 'common'],
		['qwertyuiop', 'bob', 'common'],
		['24121984', 'bob', 'common'],
		['aaaaaaaaaaaa', 'bob', 'common'],
		['ｐａｓｓｗｏｒｄ', 'bob', 'common'],
	])('of %j for %s is %s', (password, username, code) => {
		expect(passwords.weakness(password, username)).toBe(code);
	});
});
