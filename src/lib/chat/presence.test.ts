import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
	GRACE,
	IDLE_AFTER,
	PING_EVERY,
	settle,
	show,
	showChangesAt,
	SILENT_AFTER,
	useOf,
	type OpenTab,
} from './presence.ts';

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

describe('P2: a tab', () => {
	it('is in use while it is visible and was touched in the last five minutes', () => {
		expect(useOf({ visible: true, usedAt: NOW - MINUTE }, NOW)).toEqual({
			active: true,
			idle: MINUTE,
			lookAgainAt: NOW - MINUTE + IDLE_AFTER,
		});
		expect(useOf({ visible: true, usedAt: NOW - IDLE_AFTER }, NOW).active).toBe(false);
		expect(useOf({ visible: false, usedAt: NOW }, NOW).active).toBe(false);
	});

	it('whose clock was set back is not idle for a negative time', () => {
		expect(useOf({ visible: true, usedAt: NOW + 1_000 }, NOW).idle).toBe(0);
	});
});

/** A person with tabs, as an Inbox follows them: the rules of worker/inbox without its storage. */
class Person {
	now = NOW;
	last = 0;
	readonly tabs = new Map<string, OpenTab>();
	open(tab: string, active = true): void {
		this.tabs.set(tab, { active, heard: this.now });
	}
	report(tab: string, active: boolean, idle = 0): void {
		this.tabs.set(tab, { active, heard: this.now });
		if (!active) this.last = Math.max(this.last, this.now - idle);
	}
	close(tab: string): void {
		const closing = this.tabs.get(tab);
		this.tabs.delete(tab);
		if (closing?.active) this.last = Math.max(this.last, settle([closing], 0, this.now).at);
	}
	ping(tab: string): void {
		const open = this.tabs.get(tab);
		if (open) open.heard = this.now;
	}
	get seen() {
		return settle([...this.tabs.values()], this.last, this.now);
	}
}

describe('P2: a person', () => {
	it('who reloads stays active', () => {
		const ana = new Person();
		ana.open('one');
		ana.close('one');
		ana.now += 3_000;
		expect(ana.seen.active).toBe(true);
		ana.open('two');
		expect(ana.seen.active).toBe(true);
	});

	it('whose browser is killed is away after the grace, since that moment', () => {
		const ana = new Person();
		ana.open('one');
		ana.now += MINUTE / 2;
		ana.close('one');
		const died = ana.now;
		expect(ana.seen).toEqual({ active: true, at: died, until: died + GRACE });
		ana.now = died + GRACE;
		expect(ana.seen).toEqual({ active: false, at: died, until: null });
	});

	it('who closes two of three tabs stays active, and not with the third gone', () => {
		const ana = new Person();
		for (const tab of ['one', 'two', 'three']) ana.open(tab);
		ana.close('one');
		ana.close('three');
		ana.now += GRACE;
		expect(ana.seen.active).toBe(true);
		ana.close('two');
		ana.now += GRACE;
		expect(ana.seen.active).toBe(false);
	});

	it('whose remaining tab is hidden is away, though it is open', () => {
		const ana = new Person();
		ana.open('hidden', false);
		ana.open('visible');
		ana.close('visible');
		ana.now += GRACE;
		expect(ana.seen.active).toBe(false);
	});

	it('whose laptop went to sleep is away since it was last heard, though its socket stands', () => {
		const ana = new Person();
		ana.open('one');
		ana.now += PING_EVERY;
		ana.ping('one');
		const heard = ana.now;
		ana.now += SILENT_AFTER - 1;
		expect(ana.seen.active).toBe(true);
		ana.now += 1;
		expect(ana.seen).toEqual({ active: false, at: heard, until: null });
	});

	it('who only looked away counts as away from when the tab was last used', () => {
		const ana = new Person();
		ana.open('one');
		ana.now += IDLE_AFTER;
		ana.report('one', false, IDLE_AFTER);
		expect(ana.seen).toEqual({ active: false, at: NOW, until: null });
	});

	it('of whom nothing was ever heard is not active', () => {
		expect(settle([], 0, NOW)).toEqual({ active: false, at: 0, until: null });
	});

	it('is active exactly while one of their tabs was, but for the grace, whatever the tabs do', () => {
		const tab = fc.constantFrom('one', 'two', 'three');
		const step = fc.oneof(
			fc.record({ do: fc.constant('open' as const), tab, active: fc.boolean() }),
			fc.record({ do: fc.constant('close' as const), tab }),
			fc.record({ do: fc.constant('report' as const), tab, active: fc.boolean() }),
			fc.record({ do: fc.constant('sleep' as const), tab }),
			fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40_000 }) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 40 }), (story) => {
				const ana = new Person();
				/** The plain truth: which tabs are in use, and when one last was. */
				const inUse = new Set<string>();
				const asleep = new Set<string>();
				let lastInUse = 0;
				const use = (name: string, active: boolean) => {
					if (inUse.size > 0) lastInUse = ana.now;
					if (active) inUse.add(name);
					else inUse.delete(name);
				};
				/** Time passes; tabs that are awake go on being heard. */
				const wait = (ms: number) => {
					for (let left = ms; left > 0; left -= PING_EVERY) {
						ana.now += Math.min(left, PING_EVERY);
						for (const name of ana.tabs.keys()) if (!asleep.has(name)) ana.ping(name);
					}
				};
				const check = () => {
					const { active, at } = ana.seen;
					if (inUse.size > 0) expect(active).toBe(true);
					else if (!active && lastInUse > 0)
						expect(Math.abs(at - lastInUse)).toBeLessThanOrEqual(SILENT_AFTER);
				};
				for (const what of story) {
					if (what.do === 'wait') wait(what.ms);
					else if (what.do === 'open') {
						ana.close(what.tab);
						use(what.tab, what.active);
						asleep.delete(what.tab);
						ana.open(what.tab, what.active);
					} else if (what.do === 'close') {
						use(what.tab, false);
						ana.close(what.tab);
					} else if (ana.tabs.has(what.tab) && !asleep.has(what.tab)) {
						use(what.tab, what.do === 'report' && what.active);
						if (what.do === 'sleep') asleep.add(what.tab);
						else ana.report(what.tab, what.active);
					}
					check();
				}
				if (inUse.size > 0) return;
				wait(SILENT_AFTER + GRACE);
				expect(ana.seen.active).toBe(false);
				check();
			}),
			{ numRuns: 2_000 },
		);
	});
});

describe('what a viewer shows of somebody', () => {
	const away = (ms: number) => show({ active: false, at: NOW - ms }, NOW);

	it('is active, minutes, hours or a date', () => {
		expect(show({ active: true, at: NOW - 3 * MINUTE }, NOW)).toEqual({ kind: 'active' });
		expect(away(5_000)).toEqual({ kind: 'minutes', minutes: 1 });
		expect(away(12.9 * MINUTE)).toEqual({ kind: 'minutes', minutes: 12 });
		expect(away(61 * MINUTE)).toEqual({ kind: 'hours', hours: 1 });
		expect(away(24 * 60 * MINUTE)).toEqual({ kind: 'date', at: NOW - 24 * 60 * MINUTE });
	});

	it('is nothing where nothing is known, or may be', () => {
		expect(show(null, NOW)).toEqual({ kind: 'unknown' });
		expect(show({ active: false, at: 0 }, NOW)).toEqual({ kind: 'unknown' });
	});

	it('changes when it says it does', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 30 * 3_600_000 }), (ms) => {
				const known = { active: false, at: NOW - ms };
				const at = showChangesAt(known, NOW);
				if (at === null) {
					expect(show(known, NOW).kind).toBe('date');
					return;
				}
				expect(at).toBeGreaterThan(NOW);
				expect(show(known, at - 1)).toEqual(show(known, NOW));
				// The first minute is called a minute too.
				if (ms >= MINUTE) expect(show(known, at)).not.toEqual(show(known, NOW));
			}),
		);
	});
});
