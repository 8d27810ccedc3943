import { json } from '@sveltejs/kit';

const TITLES: Record<number, string> = {
	400: 'Bad request',
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
	409: 'Conflict',
	413: 'Too large',
	422: 'Not acceptable as it is',
	429: 'Too many requests',
	500: 'Internal error',
	503: 'Unavailable',
};

/**
 * An answer that says no (RFC 9457).
 * @param code stable, for programs
 * @param detail a sentence, for people
 */
export function problem(
	status: number,
	code: string,
	detail: string,
	more: { fields?: Record<string, string | undefined>; retryAfterSeconds?: number; id?: string } = {},
): Response {
	const headers: Record<string, string> = {
		'content-type': 'application/problem+json',
		'cache-control': 'no-store',
	};
	if (more.retryAfterSeconds !== undefined) headers['retry-after'] = String(more.retryAfterSeconds);
	if (status === 401) headers['www-authenticate'] = 'Bearer';
	const title = TITLES[status] ?? 'Problem';
	return json({ type: 'about:blank', title, status, code, detail, ...more }, { status, headers });
}

export const noContent = () => new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
