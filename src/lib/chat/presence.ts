import * as v from 'valibot';

/**
 * Presence (rules P2 and P3) as functions of what is known and the time. Nobody stores "online": an Inbox keeps its
 * open tabs and the moment of the last activity, whoever looks computes the rest.
 */

/** A visible tab that was not touched for this long is not in use. */
export const IDLE_AFTER = 5 * 60_000;
/** Going away takes effect after this, so that a reload or a change of tabs does not flicker. */
export const GRACE = 10_000;
/** Open tabs ping at least this often. The platform answers, the object is not woken, and it is no activity. */
export const PING_EVERY = 20_000;
/** A tab that was not heard for this long is asleep or gone, whatever its socket says. */
export const SILENT_AFTER = 60_000;
/** How often somebody who is watched and active is checked for having fallen silent. */
export const CHECK_EVERY = 60_000;

const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** What is told of a person: `at` is the moment of the last activity, 0 when none is known. */
export const presence = v.object({ active: v.boolean(), at: time });
export type Presence = v.InferOutput<typeof presence>;

/** What one tab knows of itself. */
export interface Use {
	visible: boolean;
	/** The last key, click, touch or scroll in it; opening the page counts. */
	usedAt: number;
}

/**
 * What a tab reports of itself. It tells changes, not heartbeats.
 * @returns `active`, the ms since its last use, and when to look again, unless only an event can change the answer
 */
export function useOf(tab: Use, now: number): { active: boolean; idle: number; lookAgainAt: number | null } {
	const idle = Math.max(0, now - tab.usedAt);
	const active = tab.visible && idle < IDLE_AFTER;
	return { active, idle, lookAgainAt: active ? tab.usedAt + IDLE_AFTER : null };
}

/** An open tab as its Inbox knows it. */
export interface OpenTab {
	/** Its last report. */
	active: boolean;
	/** When anything was last heard of it: a frame, or a ping that the platform answered. */
	heard: number;
}

/** Whether a person is active, and what was last known of it. */
export interface Settled extends Presence {
	/** When the answer may change by itself, or null when only an event changes it. */
	until: number | null;
}

/**
 * The presence of somebody with these tabs.
 * @param last the last activity known apart from the open tabs: of closed ones, or reported on becoming idle
 */
export function settle(tabs: readonly OpenTab[], last: number, now: number): Settled {
	let at = last;
	for (const tab of tabs) {
		if (!tab.active) continue;
		if (now - tab.heard < SILENT_AFTER) return { active: true, at: now, until: now + CHECK_EVERY };
		at = Math.max(at, tab.heard);
	}
	const ends = at + GRACE;
	return at > 0 && now < ends ? { active: true, at, until: ends } : { active: false, at, until: null };
}

/** What a screen says of somebody. */
export type Shown =
	| { kind: 'active' }
	| { kind: 'minutes'; minutes: number }
	| { kind: 'hours'; hours: number }
	| { kind: 'date'; at: number }
	| { kind: 'unknown' };

/**
 * What the viewer shows, by the server's clock as the viewer knows it.
 * @param known null for somebody of whom nothing is known, or may be known
 */
export function show(known: Presence | null | undefined, now: number): Shown {
	if (!known) return { kind: 'unknown' };
	if (known.active) return { kind: 'active' };
	if (known.at <= 0) return { kind: 'unknown' };
	const minutes = Math.max(1, Math.floor((now - known.at) / 60_000));
	if (minutes < 60) return { kind: 'minutes', minutes };
	const hours = Math.floor(minutes / 60);
	return hours < 24 ? { kind: 'hours', hours } : { kind: 'date', at: known.at };
}

/** When what `show` says of this next changes by itself, so that a screen need not count seconds; null: never. */
export function showChangesAt(known: Presence | null | undefined, now: number): number | null {
	const shown = show(known, now);
	if (!known || (shown.kind !== 'minutes' && shown.kind !== 'hours')) return null;
	const unit = shown.kind === 'minutes' ? 60_000 : 3_600_000;
	return known.at + (Math.floor(Math.max(0, now - known.at) / unit) + 1) * unit;
}
