import { PAGE_SIZE } from './limits.ts';
import type { Message } from './message.ts';
import type { PersonId } from './room-name.ts';
import type { History } from './rpc.ts';

/**
 * Which part of the messages that are known a page draws: from a number up to a number, both included. `to: null` goes
 * with the newest message. What is known may grow by thousands; what is drawn stays small.
 */
export interface View {
	readonly from: number;
	readonly to: number | null;
}

/** More than this is not drawn for long. */
export const DRAWN_MOST = 200;

/** How far somebody has read: up to their mark, or up to what they said themselves: whoever answers has read. */
export function readUpTo({ marks, messages }: Pick<History, 'marks' | 'messages'>, me: PersonId): number {
	const mark = marks.find(({ person }) => person === me)?.read ?? 0;
	const said = messages.findLast(({ from }) => from === me)?.seq ?? 0;
	return Math.max(mark, said);
}

/** The newest page of what is known. */
export function newest(messages: readonly Message[]): View {
	return { from: messages.at(-PAGE_SIZE)?.seq ?? firstOf(messages), to: null };
}

/** The messages to draw. A view of numbers that are known no more shows the newest page. */
export function drawn(messages: readonly Message[], view: View): readonly Message[] {
	const { from, to } = within(messages, view);
	const first = firstOf(messages);
	return messages.slice(Math.max(0, from - first), to === null ? undefined : to - first + 1);
}

/** Are there known messages before those drawn? */
export function reachesUp(messages: readonly Message[], view: View): boolean {
	return within(messages, view).from > firstOf(messages);
}

/** Are there known messages after those drawn? */
export function reachesDown(messages: readonly Message[], view: View): boolean {
	return within(messages, view).to !== null;
}

/** Draws a page of older ones too. */
export function up(messages: readonly Message[], view: View): View {
	const { from, to } = within(messages, view);
	return { from: Math.max(firstOf(messages), from - PAGE_SIZE), to };
}

/** Draws a page of newer ones too. */
export function down(messages: readonly Message[], view: View): View {
	const { from, to } = within(messages, view);
	if (to === null) return view;
	const further = to + PAGE_SIZE;
	return { from, to: further < lastOf(messages) ? further : null };
}

/** Draws less where there is too much: what is far from the end at which somebody reads. */
export function trim(messages: readonly Message[], view: View, reading: 'top' | 'bottom'): View {
	const { from, to } = within(messages, view);
	const end = to ?? lastOf(messages);
	if (end - from < DRAWN_MOST) return view;
	return reading === 'top' ? { from, to: from + DRAWN_MOST - 1 } : { from: end - DRAWN_MOST + 1, to };
}

function within(messages: readonly Message[], view: View): View {
	const first = firstOf(messages);
	const last = lastOf(messages);
	if (view.from > last || (view.to !== null && view.to < first)) return newest(messages);
	return {
		from: Math.max(first, view.from),
		to: view.to !== null && view.to < last ? view.to : null,
	};
}

const firstOf = (messages: readonly Message[]) => messages[0]?.seq ?? 1;
const lastOf = (messages: readonly Message[]) => messages.at(-1)?.seq ?? 0;
