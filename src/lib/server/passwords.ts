import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { lengthOf } from '#lib/chat/message.ts';
import { COMMON_PASSWORDS } from './common-passwords.ts';

/**
 * Passwords are kept as `$scrypt$ln=14,r=8,p=5$<salt>$<key>`, base64 without padding. The cost is the one the OWASP
 * Password Storage Cheat Sheet gives for 16 MiB: an isolate of a Worker has 128 MiB for everybody it serves. PBKDF2,
 * the only one WebCrypto has, stops at 100 000 iterations on the platform, which is too few.
 */
export const COST = { ln: 14, r: 8, p: 5 } as const;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

export const PASSWORD_MIN = 8;
/** Longer ones are refused when chosen and never right when tried, so that nobody makes the server hash a novel. */
export const PASSWORD_MAX = 200;

export type Weakness = 'too_short' | 'too_long' | 'contains_username' | 'common';

/** The hash of a password, with a salt of its own. About 0.2 s of one processor. */
export async function hash(password: string): Promise<string> {
	const salt = randomBytes(SALT_BYTES);
	const key = await derive(password, salt, COST);
	return written(salt, key);
}

/**
 * Is this the password? Takes the same time whether it is, is not, or there is no account to compare with.
 * @param stored what `hash` returned, or null when there is no such account
 * @throws Error when `stored` is something else
 */
export async function verify(password: string, stored: string | null): Promise<boolean> {
	const { cost, salt, key } = parse(stored ?? NOBODY);
	const fits = lengthOf(password) <= PASSWORD_MAX;
	const tried = await derive(fits ? password : '', salt, cost);
	return timingSafeEqual(tried, key) && fits && stored !== null;
}

/** Why this password should not be taken, or null when it may be. */
export function weakness(password: string, username: string): Weakness | null {
	const length = lengthOf(password);
	if (length < PASSWORD_MIN) return 'too_short';
	if (length > PASSWORD_MAX) return 'too_long';
	const lower = normal(password).toLowerCase();
	if (username !== '' && lower.includes(username.toLowerCase())) return 'contains_username';
	return isCommon(lower) ? 'common' : null;
}

let common: Set<string> | undefined;

function isCommon(lower: string): boolean {
	if (/^(.)\1*$/u.test(lower)) return true;
	if (/^\d{8}$/.test(lower)) return true; // dates, most of them
	common ??= new Set(COMMON_PASSWORDS.trim().split(/\s/));
	return common.has(lower);
}

/** An account that does not exist: no password has this key. */
const NOBODY = written(Buffer.alloc(SALT_BYTES), Buffer.alloc(KEY_BYTES));

function written(salt: Buffer, key: Buffer): string {
	return `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${base64(salt)}$${base64(key)}`;
}

interface Cost {
	ln: number;
	r: number;
	p: number;
}

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

function parse(stored: string): { cost: Cost; salt: Buffer; key: Buffer } {
	const [, ln, r, p, salt, key] = FORM.exec(stored) ?? [];
	if (!ln || !r || !p || !salt || !key) throw new Error('A stored password hash is malformed.');
	return {
		cost: { ln: Number(ln), r: Number(r), p: Number(p) },
		salt: Buffer.from(salt, 'base64'),
		key: Buffer.from(key, 'base64'),
	};
}

function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
	const N = 2 ** ln;
	// What scrypt needs (RFC 7914: 128·N·r for the table, 128·r·p for the blocks), and a little for its own work.
	const options: ScryptOptions = { N, r, p, maxmem: 128 * r * (N + p + 16) };
	return new Promise((resolve, reject) => {
		scrypt(normal(password), salt, KEY_BYTES, options, (error, key) =>
			error ? reject(error) : resolve(key),
		);
	});
}

/** The same password typed on another keyboard may arrive in other code points (NIST SP 800-63B, 3.1.1.2). */
function normal(password: string): string {
	return password.normalize('NFKC');
}

function base64(bytes: Buffer): string {
	return bytes.toString('base64').replace(/=+$/, '');
}
