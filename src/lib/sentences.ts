import { TEXT_MAX } from '#lib/chat/limits.ts';
import type { MessageState } from '#lib/chat/log.ts';
import { m } from '#lib/paraglide/messages.js';

/** What the closed sets of codes say to a person. */

type Sentences = Readonly<Record<string, () => string>>;

const FIELDS: Sentences = {
	required: m.error_required,
	too_short: m.error_too_short_password,
	too_long: m.error_too_long,
	bad_characters: m.error_bad_characters,
	bad_email: m.error_bad_email,
	common: m.error_common,
	contains_username: m.error_contains_username,
	bad_phone: m.error_bad_phone,
	wrong: m.error_wrong_password,
	same: m.error_same_password,
	'username:too_short': m.error_too_short_username,
	'username:bad_characters': m.error_bad_characters_username,
	'username:taken': m.error_taken_username,
	'email:taken': m.error_taken_email,
};

/** Why a field was not taken: every field of a refused form with its sentence. */
export function fieldSentences(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
	const said: Record<string, string> = {};
	for (const [field, code] of Object.entries(fields)) {
		if (code) said[field] = (FIELDS[`${field}:${code}`] ?? FIELDS[code] ?? m.error_unknown)();
	}
	return said;
}

const INVITATIONS: Sentences = {
	self: m.error_invite_self,
	unknown_person: m.error_invite_unknown_person,
	already_friends: m.error_invite_already_friends,
	too_many: m.error_invite_too_many,
	gone: m.error_invitation_gone,
};

export function invitationSentence(code: string): string {
	return (INVITATIONS[code] ?? m.error_unknown)();
}

const REFUSALS: Sentences = {
	empty: m.refused_empty,
	too_long: () => m.refused_too_long({ max: TEXT_MAX }),
	too_big: m.refused_too_big,
	slow_down: m.refused_slow_down,
	ended: m.refused_ended,
};

/** Why a message was not taken. */
export function refusalSentence(code: string): string {
	return (REFUSALS[code] ?? m.refused_other)();
}

/** How long to wait, roughly, and never less than it takes. */
export function waitSentence(seconds: number): string {
	if (seconds <= 15) return m.wait_seconds();
	const minutes = Math.ceil(seconds / 60);
	return minutes === 1 ? m.wait_minute() : m.wait_minutes({ count: minutes });
}

const STATES: Readonly<Record<MessageState, (() => string) | null>> = {
	sending: m.state_sending,
	sent: m.state_sent,
	delivered: m.state_delivered,
	seen: m.state_seen,
	failed: null, // says more than a word
};

/** How far a message of mine got; undefined where nothing is said. */
export function stateWord(state: MessageState | null): string | undefined {
	return state ? STATES[state]?.() : undefined;
}
