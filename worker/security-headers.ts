/** What every page and its data carries, whoever made it; the page's own Content-Security-Policy comes from SvelteKit. */
const SECURITY = {
	'strict-transport-security': 'max-age=63072000; includeSubDomains; preload',
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'same-origin',
	'permissions-policy':
		'camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()',
	'cross-origin-opener-policy': 'same-origin',
	'cross-origin-resource-policy': 'same-origin',
} as const;

/** @returns the same answer with the security headers, whether its own can be changed or not */
export function secured(answer: Response): Response {
	const safe = new Response(answer.body, answer);
	for (const [name, value] of Object.entries(SECURITY)) safe.headers.set(name, value);
	return safe;
}
