import type { Cookies } from '@sveltejs/kit';
import { cookieChanges, cookieOptions, type Entry } from '#lib/server/session-door.ts';

/** Does with the browser's cookies what the session door says. */
export function keep(cookies: Cookies, entry: Pick<Entry, 'set' | 'clear'>): void {
	for (const { name, value, maxAge } of cookieChanges(entry)) {
		cookies.set(name, value, { ...cookieOptions, maxAge });
	}
}
