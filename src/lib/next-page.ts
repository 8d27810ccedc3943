/**
 * Where to go after logging in: a path of this site, or the chats. What is asked for came in a URL that anybody may
 * have made, so nothing that could lead elsewhere is taken.
 */
export function nextPage(asked: string | null | undefined): string {
	if (!asked || !asked.startsWith('/')) return '/chats';
	const here = 'http://here.invalid';
	if (!URL.canParse(asked, here)) return '/chats';
	const url = new URL(asked, here);
	// `//elsewhere` and `/\elsewhere` change the host.
	return url.origin === here ? `${url.pathname}${url.search}${url.hash}` : '/chats';
}
