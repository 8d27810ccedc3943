/** Times and days in words. The zone and the locale are always given, so that server and browser say the same. */

export interface Place {
	/** IANA time zone, such as `Europe/Berlin`. */
	zone: string;
	/** A kind of English, such as `en-US`: decides between 9:25 pm and 21:25. */
	locale: string;
}

export const NOWHERE: Place = { zone: 'UTC', locale: 'en-GB' };

const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: number, place: Place, kind: string, options: Intl.DateTimeFormatOptions): string {
	const key = `${kind} ${place.locale} ${place.zone}`;
	let made = formats.get(key);
	if (!made) {
		made = new Intl.DateTimeFormat(place.locale, { ...options, timeZone: place.zone });
		formats.set(key, made);
	}
	// Versions of ICU disagree about the kind of space before "pm".
	return made.format(at).replace(/[\u202f\u00a0]/g, ' ');
}

/** `21:25` or `9:25 pm`. */
export function timeOf(at: number, place: Place): string {
	return format(at, place, 'time', { timeStyle: 'short' });
}

/** The calendar day in that zone, `2026-11-22`. */
export function dayOf(at: number, zone: string): string {
	return format(at, { zone, locale: 'en-CA' }, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' });
}

/** `Sunday 22 November 2026 at 21:25`, for whoever wants to know exactly. */
export function exactly(at: number, place: Place): string {
	return format(at, place, 'exactly', { dateStyle: 'full', timeStyle: 'short' });
}

/** `22 November 2026`. */
export function dateOf(at: number, place: Place): string {
	return format(at, place, 'date-year', { day: 'numeric', month: 'long', year: 'numeric' });
}

const DAY = 86_400_000;

/** Whole calendar days from one moment back to another, in that zone. */
export function daysBetween(at: number, now: number, zone: string): number {
	return Math.round((Date.parse(dayOf(now, zone)) - Date.parse(dayOf(at, zone))) / DAY);
}

/** The words that are sentences of ours; the rest comes from the platform. */
export interface DayWords {
	today: string;
	yesterday: string;
}

/** A day as a separator says it: Today, Yesterday, Monday, 3 November, 3 November 2025. */
export function dayName(at: number, now: number, place: Place, words: DayWords): string {
	const days = daysBetween(at, now, place.zone);
	if (days === 0) return words.today;
	if (days === 1) return words.yesterday;
	if (days > 1 && days < 7) return format(at, place, 'weekday', { weekday: 'long' });
	return sameYear(at, now, place.zone)
		? format(at, place, 'date', { day: 'numeric', month: 'long' })
		: dateOf(at, place);
}

/** A moment as a list says it: the time today, otherwise the day, short. */
export function moment(at: number, now: number, place: Place, words: DayWords): string {
	const days = daysBetween(at, now, place.zone);
	if (days === 0) return timeOf(at, place);
	if (days === 1) return words.yesterday;
	if (days > 1 && days < 7) return format(at, place, 'short-weekday', { weekday: 'short' });
	return sameYear(at, now, place.zone)
		? format(at, place, 'short-date', { day: 'numeric', month: 'short' })
		: format(at, place, 'short-date-year', { day: 'numeric', month: 'short', year: 'numeric' });
}

function sameYear(at: number, now: number, zone: string): boolean {
	return dayOf(at, zone).slice(0, 4) === dayOf(now, zone).slice(0, 4);
}

/** Is this the name of a time zone? It came in a cookie, so anything is possible. */
export function isZone(text: string): boolean {
	if (text.length > 64 || !/^[A-Za-z]/.test(text)) return false;
	try {
		new Intl.DateTimeFormat('en', { timeZone: text });
		return true;
	} catch {
		return false;
	}
}

/** The kind of English a browser asks for; British, which says 21:25, for everybody who reads another language. */
export function localeFrom(acceptLanguage: string | null): string {
	const first = acceptLanguage?.split(',')[0]?.split(';')[0]?.trim() ?? '';
	if (first === 'en') return 'en-US';
	return /^en-[A-Z]{2}$/.test(first) ? first : NOWHERE.locale;
}
