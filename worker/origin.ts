/**
 * A page elsewhere can send requests here, and the browser sends our cookies along: the Origin tells. A client that is no
 * browser has none; it is believed only when it does not rely on cookies.
 */
export function isOurOrigin(request: Request, bearer: boolean): boolean {
	const origin = request.headers.get('origin');
	if (origin === null) return bearer;
	const host = request.headers.get('host') ?? new URL(request.url).host;
	return URL.canParse(origin) && new URL(origin).host === host;
}

/** The access token of a client that has no cookies, from `Authorization: Bearer …`. */
export function bearerOf(request: Request): string | null {
	return /^Bearer +([^\s]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null;
}
