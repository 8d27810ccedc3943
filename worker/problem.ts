/**
 * A refusal over HTTP as problem+json (RFC 9457).
 * @param code stable, for programs
 * @param detail a plain sentence, for people
 */
export function problem(
	status: number,
	code: string,
	detail: string,
	more: { id?: string; headers?: Record<string, string> } = {},
): Response {
	const body = { type: 'about:blank', status, code, detail, ...(more.id ? { id: more.id } : {}) };
	return new Response(JSON.stringify(body), {
		status,
		headers: {
			'content-type': 'application/problem+json',
			'cache-control': 'no-store',
			'x-content-type-options': 'nosniff',
			...more.headers,
		},
	});
}

/** A refusal for now, because the database cannot be reached. */
export function unavailable(detail: string, more: { id?: string } = {}): Response {
	return problem(503, 'unavailable', detail, { ...more, headers: { 'retry-after': '5' } });
}
