import { readAccess, type Who } from './access-token.ts';
import type { Config } from './config.ts';
import { isUnreachable, type Db } from './db/client.ts';
import { renew, type Tokens } from './sessions.ts';

export { cookieChanges, cookieOptions, readCookies, setCookies } from './session-cookies.ts';

/** What somebody was let in with, and what their browser must keep or forget. */
export interface Entry {
	who: Who | null;
	/** The access token had run out and the database could not be asked: good for rooms, not for changing anything. */
	stale?: true;
	/** Nobody was let in only because the database could not be asked: this is no reason to log in again. */
	unreachable?: true;
	/** Tokens to keep. */
	set?: Partial<Tokens>;
	/** The tokens are worth nothing: forget them. */
	clear?: true;
	/** An old token of this person came back, which ended their session: `notices.deliver` has something for them. */
	ended?: string;
}

/**
 * The one session door: pages, sockets and media all ask here who it is.
 * @param tokens whatever the client sent, however malformed: that is never an error, only nobody
 * @returns with a valid access token, who it is, without a look into the database; with a refresh token, who it is and
 * the tokens it was changed for
 */
export async function enter(
	{ db, config }: { db: Db; config: Config },
	tokens: { access?: string | undefined; refresh?: string | undefined },
	now: Date,
): Promise<Entry> {
	if (!tokens.access && !tokens.refresh) return { who: null };

	const access = tokens.access ? await readAccess(config.sessionSecret, tokens.access, now) : null;
	if (access && !access.expired) return { who: access.who };
	if (!tokens.refresh) return { who: null, clear: true };

	try {
		const renewal = await renew(db, config, tokens.refresh, now);
		if (renewal.kind === 'ended')
			return { who: null, clear: true, ...(renewal.person && { ended: renewal.person }) };
		return { who: renewal.who, set: renewal.tokens };
	} catch (error) {
		if (!isUnreachable(error)) throw error;
		return access ? { who: access.who, stale: true } : { who: null, unreachable: true };
	}
}
