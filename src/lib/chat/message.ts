import * as v from 'valibot';
import { CALL_KINDS, CALL_OUTCOMES, type CallOutcome } from './call.ts';
import { STEPS_MAX, TEXT_MAX } from './limits.ts';
import { clipEntries, photoEntries, voiceEntries } from './media.ts';
import type { PersonId } from './room-name.ts';

/**
 * Text as it may be stored and shown: well-formed Unicode, line breaks as `\n`, no other control characters (Postgres
 * refuses NUL, and an escape sequence in a terminal or a file name helps nobody), nothing blank around it.
 */
export function cleanText(text: string): string {
	return (
		text
			.toWellFormed()
			.replace(/\r\n?/g, '\n')
			// eslint-disable-next-line no-control-regex -- control characters are what this removes
			.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
			.trim()
	);
}

/** Length as people count it: code points, so that an emoji of one code point is one. */
export function lengthOf(text: string): number {
	let length = 0;
	for (const _ of text) length++;
	return length;
}

const text = v.pipe(
	v.string(),
	v.transform(cleanText),
	v.check((t) => t.length > 0, 'empty'),
	v.check((t) => t.length <= TEXT_MAX || lengthOf(t) <= TEXT_MAX, 'too_long'),
);

/** Made by the client, unique for ever per room and speaker (M1). A UUID fits. */
export const messageId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/));

/** A line under a picture or a clip. */
const caption = v.optional(text);
const photo = v.object({ ...photoEntries, caption });
const clip = v.object({ ...clipEntries, caption });

/** What a person may send. Pictures, voice messages and clips refer to uploads of theirs: see media.ts. */
export const sendableBody = v.variant('kind', [
	v.object({ kind: v.literal('text'), text }),
	photo,
	v.object(voiceEntries),
	clip,
]);
export type SendableBody = v.InferOutput<typeof sendableBody>;

/** What the log may hold: what was sent, a call, or the tombstone that stands in a message's place (M7). */
export const body = v.variant('kind', [
	v.object({ kind: v.literal('text'), text: v.string() }),
	/** Written by the room itself, in the name of who called (K5). */
	v.object({
		kind: v.literal('call'),
		call: v.picklist(CALL_KINDS),
		/** null while it is on. */
		outcome: v.nullable(v.picklist(CALL_OUTCOMES)),
		/** Time talked, in ms. */
		duration: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
	}),
	photo,
	/** `heard`: the other person has played it (R4). */
	v.object({ ...voiceEntries, heard: v.optional(v.literal(true)) }),
	clip,
	v.object({ kind: v.literal('deleted') }),
]);
export type Body = v.InferOutput<typeof body>;

/** What was said, without what became of it. */
export function withoutOutcome(said: Body): Body {
	if (said.kind !== 'voice') return said;
	const { heard: _, ...voice } = said;
	return voice;
}

/** Does an entry count as unread to whom it is not from? Not what is gone, nor a call that both took part in (R3). */
export function isNews({ kind, outcome }: { kind: Body['kind']; outcome?: CallOutcome | null }): boolean {
	if (kind !== 'call') return kind !== 'deleted';
	return outcome === 'missed' || outcome === 'cancelled' || outcome === 'busy';
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** One entry of a room's log, as stored, sent and shown. */
export const message = v.object({
	/** Place in the room's order: 1, 2, 3 … without gaps (M2). */
	seq: count,
	id: messageId,
	from: v.string(),
	/** The room's clock when it was stored, in ms since 1970. For showing, never for ordering. */
	at: count,
	/** 0 as first stored; the room's revision at its latest change otherwise (M4). */
	revision: count,
	body,
});
export type Message = v.InferOutput<typeof message>;

/** How far one member has come (R1): both numbers only grow, and what was read was delivered. */
export const marks = v.object({
	person: v.string(),
	/** The highest number that has reached a device of theirs. */
	delivered: count,
	/** The highest number that was really on a screen of theirs. */
	read: count,
	/** The room's revision when these last grew. */
	revision: count,
	/**
	 * The last steps of `read`, oldest first: up to which number, and when (ms since 1970; 0: not known any more). What is up
	 * to a number and beyond that of the step before was read then.
	 */
	steps: v.optional(v.array(v.object({ upTo: count, at: count }))),
});
export type Marks = v.InferOutput<typeof marks>;
type Step = NonNullable<Marks['steps']>[number];

/** The steps of a read mark after it has grown: only the last STEPS_MAX are kept. */
export function stepsAfter(old: Pick<Marks, 'read' | 'steps'>, read: number, now: number): Step[] {
	const known = old.steps ?? (old.read > 0 ? [{ upTo: old.read, at: 0 }] : []);
	const steps = [...known, { upTo: read, at: now }];
	const kept = steps.slice(-STEPS_MAX);
	// The oldest one that is kept stands for those before it too.
	return kept.length < steps.length
		? kept.map((step, index) => (index === 0 ? { ...step, at: 0 } : step))
		: kept;
}

/** When a message was read, ms since 1970; null when it was not, or that is not known any more. */
export function readAt({ steps }: Pick<Marks, 'steps'>, seq: number): number | null {
	return steps?.find(({ upTo }) => upTo >= seq)?.at || null;
}

/** A message of mine that the room has not acknowledged yet. */
export interface Pending {
	id: string;
	from: PersonId;
	/** This device's clock, for showing only. */
	at: number;
	body: SendableBody;
	state: 'sending' | 'failed';
	/** Why it failed, when it did. */
	reason?: string;
}
