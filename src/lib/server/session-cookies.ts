import { ACCESS_SECONDS, GRACE_SECONDS } from './access-token.ts';
import type { Entry } from './session-door.ts';
import { REFRESH_SECONDS } from './sessions.ts';

export const ACCESS_COOKIE = '__Host-kith-access';
export const REFRESH_COOKIE = '__Host-kith-refresh';

/** Of both cookies. `__Host-` asks for Secure, the root path and no domain. */
export const cookieOptions = { path: '/', httpOnly: true, secure: true, sameSite: 'lax' } as const;

/** The tokens in a `Cookie` header. */
export function readCookies(header: string | null): { access?: string; refresh?: string } {
	const tokens: { access?: string; refresh?: string } = {};
	for (const pair of (header ?? '').split(';')) {
		const [name, value] = [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()];
		if (name === ACCESS_COOKIE) tokens.access ??= value;
		if (name === REFRESH_COOKIE) tokens.refresh ??= value;
	}
	return tokens;
}

/**
 * What to do with the cookies.
 * @returns name, value and age in seconds; 0 forgets the cookie. Relative, because clocks of browsers go wrong by hours
 */
export function cookieChanges({
	set,
	clear,
}: Pick<Entry, 'set' | 'clear'>): { name: string; value: string; maxAge: number }[] {
	if (clear) return [ACCESS_COOKIE, REFRESH_COOKIE].map((name) => ({ name, value: '', maxAge: 0 }));
	return [
		// Kept for as long as it can open anything: for the time of an outage, longer than it is valid.
		...(set?.access
			? [{ name: ACCESS_COOKIE, value: set.access, maxAge: ACCESS_SECONDS + GRACE_SECONDS }]
			: []),
		...(set?.refresh ? [{ name: REFRESH_COOKIE, value: set.refresh, maxAge: REFRESH_SECONDS }] : []),
	];
}

/** The same as values of `Set-Cookie` headers. */
export function setCookies(entry: Pick<Entry, 'set' | 'clear'>): string[] {
	return cookieChanges(entry).map(
		({ name, value, maxAge }) =>
			`${name}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; Secure; SameSite=Lax`,
	);
}
