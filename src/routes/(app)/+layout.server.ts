import { signedIn } from './signed-in.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = async ({ locals }) => {
	const { id, username, name } = signedIn(locals);
	return { me: { id, username, name }, inbox: await locals.inboxes.getByName(id).snapshot() };
};
