/** Sessions of mine have ended: closes what they have open (D4). Afterwards, because it asks every room. */
export function revoke({ me, inboxes, later }: App.Locals, sessions: readonly string[]): void {
	if (!me) return;
	const mine = inboxes.getByName(me.id);
	later(Promise.all(sessions.map((session) => mine.revoke(session))));
}
