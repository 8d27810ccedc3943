/** How long something lasts, as a clock shows it: `0:16`, `12:05`. @param ms rounded down to whole seconds */
export function clock(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
