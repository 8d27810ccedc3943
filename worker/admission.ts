import type { Entry } from '#lib/server/session-door.ts';
import type { Env } from './env.ts';
import { log } from './log.ts';
import { identify } from './session.ts';
import { within } from './within.ts';

/** How long a person's Inbox may take to say whether a session was revoked. */
const PATIENCE = 2_000;

/**
 * May this session come in? An access token outlives its session by minutes; the person's Inbox knows at once, and remembers
 * the rooms to tell when it ends (D4).
 * @param room that it opens a socket of
 * @returns null when the Inbox does not answer: then nobody is let in, and the client tries again
 */
export async function isAdmitted(
	env: Env,
	person: string,
	session: string,
	room?: string,
): Promise<boolean | null> {
	try {
		return await within(PATIENCE, env.INBOXES.getByName(person).admits(session, room));
	} catch (error) {
		log({ event: 'call_failed', of: person, call: 'admits', error });
		return null;
	}
}

/** Who asks for bytes: whose session has ended is nobody. */
export async function identifyAdmitted(...asked: Parameters<typeof identify>): Promise<Entry> {
	const entry = await identify(...asked);
	if (!entry.who) return entry;
	const [, , env] = asked;
	const admitted = await isAdmitted(env, entry.who.person, entry.who.session);
	if (admitted) return entry;
	return { ...entry, who: null, ...(admitted === null && { unreachable: true }) };
}
