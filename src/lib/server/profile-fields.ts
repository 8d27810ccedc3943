import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { cleanText, lengthOf } from '#lib/chat/message.ts';
import { weakness, type Weakness } from './passwords.ts';

/** What people type about themselves: each reader gives the value to keep, or the code of what is wrong with it. */

export type FieldCode =
	'required' | 'too_short' | 'bad_characters' | 'bad_email' | 'taken' | 'bad_phone' | Weakness;
export type Read<Value> = { value: Value } | { code: FieldCode };

export const USERNAME_MIN = 3;
export const USERNAME_MAX = 30;
export const NAME_MAX = 50;
export const ABOUT_MAX = 200;
const EMAIL_MAX = 254; // RFC 5321, 4.5.3.1.3

export function readUsername(typed: unknown): Read<string> {
	const value = line(typed);
	if (value === '') return { code: 'required' };
	// Letters of one alphabet only: two usernames that look alike are the same.
	if (!/^[A-Za-z0-9.-]+$/.test(value) || !/[A-Za-z0-9]/.test(value)) return { code: 'bad_characters' };
	if (value.length < USERNAME_MIN) return { code: 'too_short' };
	if (value.length > USERNAME_MAX) return { code: 'too_long' };
	return { value };
}

/** As browsers check it (HTML, "valid e-mail address"), with a dot in the domain. */
const EMAIL =
	/^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$/;

export function readEmail(typed: unknown): Read<string> {
	const value = line(typed);
	if (value === '') return { code: 'required' };
	if (value.length > EMAIL_MAX) return { code: 'too_long' };
	return EMAIL.test(value) ? { value } : { code: 'bad_email' };
}

export function readPassword(typed: unknown, username: string): Read<string> {
	if (typeof typed !== 'string' || typed === '') return { code: 'required' };
	const code = weakness(typed, username);
	return code ? { code } : { value: typed };
}

/** @returns the number in E.164, null for none. It must be given in the international form: `+49 30 1234567` */
export function readPhone(typed: unknown): Read<string | null> {
	const value = line(typed);
	if (value === '') return { value: null };
	if (value.length > 40) return { code: 'bad_phone' };
	const number = parsePhoneNumberFromString(value.replace(/^00/, '+'), { extract: false });
	return number?.isValid() ? { value: number.number } : { code: 'bad_phone' };
}

/** The name that is shown; the username for nothing. */
export function readName(typed: unknown, username: string): Read<string> {
	const value = line(typed) || username;
	return lengthOf(value) > NAME_MAX ? { code: 'too_long' } : { value };
}

export function readAbout(typed: unknown): Read<string> {
	const value = line(typed);
	return lengthOf(value) > ABOUT_MAX ? { code: 'too_long' } : { value };
}

/** All values of a form, or the codes of the fields that have none. */
export function together<Values extends object>(reads: {
	[Field in keyof Values]: Read<Values[Field]>;
}): { ok: true; values: Values } | { ok: false; fields: Partial<Record<keyof Values, FieldCode>> } {
	const values: Partial<Values> = {};
	const codes: Partial<Record<keyof Values, FieldCode>> = {};
	for (const field in reads) {
		const read = reads[field];
		if ('code' in read) codes[field] = read.code;
		else values[field] = read.value;
	}
	return Object.keys(codes).length === 0
		? { ok: true, values: values as Values }
		: { ok: false, fields: codes };
}

/** One line. Without the marks that turn the direction of text around: a name must not rearrange what stands beside it. */
function line(typed: unknown): string {
	if (typeof typed !== 'string') return '';
	return cleanText(typed.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').replace(/\s+/g, ' '));
}
