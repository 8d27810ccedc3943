import { redirect } from '@sveltejs/kit';
import { nextPage } from '#lib/next-page.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = ({ locals, url }) => {
	const next = nextPage(url.searchParams.get('next'));
	if (locals.me) redirect(303, next);
	/** For the link from one form to the other. */
	return { query: next === '/chats' ? '' : `?next=${encodeURIComponent(next)}` };
};
