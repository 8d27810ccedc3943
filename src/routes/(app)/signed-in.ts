import { redirect } from '@sveltejs/kit';
import type { Me } from '#lib/server/people.ts';

/** Whose page it is. The hook has sent everybody else to the log-in page already. */
export function signedIn(locals: App.Locals): Me {
	if (!locals.me) redirect(303, '/login');
	return locals.me;
}
