let made: string | undefined;

/** Names this tab while it lives. Not in sessionStorage, which a duplicated tab would inherit. */
export function device(): string {
	return (made ??= crypto.randomUUID());
}
