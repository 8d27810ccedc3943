/** Light or dark, as a person chose it. In a cookie, so that the server draws the first page in it. */

export const APPEARANCE_COOKIE = 'kith-appearance';
export const APPEARANCES = ['system', 'light', 'dark'] as const;
export type Appearance = (typeof APPEARANCES)[number];

/** Reads what came in a cookie or a form. */
export function appearanceFrom(text: unknown): Appearance {
	return APPEARANCES.find((one) => one === text) ?? 'system';
}
