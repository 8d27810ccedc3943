/** The number before which somebody wants to read, from a query. */
export function beforeFrom(asked: string | null): number | null {
	return asked && /^[1-9]\d{0,14}$/.test(asked) ? Number(asked) : null;
}
