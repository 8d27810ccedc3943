import { createHash, randomBytes } from 'node:crypto';

/** `<session id>.<secret>`. Only the hash of the secret is stored: reading the database opens no session. */

const FORM = /^([a-z0-9]{20})\.([A-Za-z0-9_-]{43})$/;

/** A new token for a session, and what is stored of it. */
export function mintRefresh(session: string): { refresh: string; hash: string } {
	const secret = randomBytes(32).toString('base64url');
	return { refresh: `${session}.${secret}`, hash: sha256(secret) };
}

/** The parts of a token, or null for anything that is none. */
export function readRefresh(token: string): { session: string; hash: string } | null {
	const [, session, secret] = FORM.exec(token) ?? [];
	return session && secret ? { session, hash: sha256(secret) } : null;
}

/** Without salt and stretching: the secret is 256 random bits. */
function sha256(secret: string): string {
	return createHash('sha256').update(secret).digest('base64url');
}
