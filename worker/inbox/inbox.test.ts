import { runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRACE, SILENT_AFTER, type OpenTab } from '#lib/chat/presence.ts';
import type { PresenceReport } from '#lib/chat/rpc-inbox.ts';
import type { Summary } from '#lib/chat/summary.ts';
import { prepare } from '../room/room-schema.ts';
import type { Effect } from './effect.ts';
import * as rules from './inbox.ts';
import * as outgoing from './inbox-outgoing.ts';
import type { Call } from './inbox-outgoing.ts';
import * as presence from './inbox-presence.ts';
import { learn, type Roster } from './inbox-roster.ts';
import { INBOX_STEPS } from './inbox-schema.ts';
import { InboxStore } from './inbox-store.ts';

const ana = { id: 'ana00000', username: 'ana', name: 'Ana' };
const bob = { id: 'bob00000', username: 'bob', name: 'Bob' };
const eve = { id: 'eve00000', username: 'eve', name: 'Eve' };
const withBob = 'ana00000_bob00000';
const withEve = 'ana00000_eve00000';
const NOW = 1_800_000_000_000;
const NO_TABS: OpenTab[] = [];
const NOTHING = new Set<string>();

const tab = (active = true, heard = NOW): OpenTab => ({ active, heard });

function friends(...open: (typeof bob)[]): Roster {
	return {
		friendships: open.map((friend) => ({
			room: friend === bob ? withBob : withEve,
			friend,
			open: true,
			since: NOW - 1_000,
			muted: false,
		})),
		invitations: [],
		unseen: 0,
	};
}

const line = (revision: number, more: Partial<Summary> = {}): Summary => ({
	room: withBob,
	revision,
	last: { seq: revision, from: bob.id, at: NOW, preview: { kind: 'text', text: `message ${revision}` } },
	unread: revision,
	delivered: 0,
	read: 0,
	...more,
});

/** Runs `work` on the SQLite of an Inbox object of its own: ana's. */
let inboxes = 0;
function inStore<T>(work: (store: InboxStore, storage: DurableObjectStorage) => T | Promise<T>): Promise<T> {
	return runInDurableObject(env.INBOXES.getByName(`rules${++inboxes}`), async (_, { storage }) => {
		prepare(storage, INBOX_STEPS);
		return await work(new InboxStore(storage.sql), storage);
	});
}

/** The same, of somebody whose friends Postgres has already told. */
const inAnas = (roster: Roster, work: (store: InboxStore) => void) =>
	inStore((store) => {
		store.self.wantRefresh();
		learn(store, roster, 1, ana.id, NOW - 1_000);
		// What a storage that was just made tells its friends is not of these stories.
		for (const { person } of store.presence.subscribers()) store.presence.unsubscribe(person);
		for (const room of store.unpulled()) rules.pulled(store, room, null);
		work(store);
	});

const shown = (effects: Effect[]) => effects.map((effect) => (effect.do === 'tell' ? effect.frame : effect));
const names = (calls: Call[]) => calls.map(outgoing.nameOf);
const outstanding = (store: InboxStore, tabs: OpenTab[] = NO_TABS, now = NOW) =>
	names(outgoing.outstanding(store, tabs, now));

describe('a new storage', () => {
	it('wants the roster once somebody looks, then a line from each room, and tells friends how it is', () =>
		inStore((store) => {
			expect(outstanding(store)).toEqual([]);
			rules.look(store, NOW);
			expect(outstanding(store)).toEqual(['refresh']);
			expect(rules.stateOf(store, ana.id, NOW).complete).toBe(false);
			learn(store, friends(bob, eve), 1, ana.id, NOW);
			expect(outstanding(store)).toEqual([
				`publish ${bob.id}`,
				`publish ${eve.id}`,
				`pull ${withBob}`,
				`pull ${withEve}`,
			]);
			rules.pulled(store, withBob, line(3));
			rules.pulled(store, withEve, null);
			expect(rules.stateOf(store, ana.id, NOW)).toMatchObject({
				you: ana.id,
				complete: true,
				rows: [
					{ room: withBob, friend: bob, summary: line(3) },
					{ room: withEve, friend: eve, summary: null },
				],
			});
		}));

	it('keeps what a room tells before Postgres could be read', () =>
		inStore((store) => {
			expect(rules.take(store, line(3))).toEqual([]);
			expect(shown(learn(store, friends(bob), 1, ana.id, NOW))).toMatchObject([
				{ type: 'state', rows: [{ room: withBob, summary: line(3) }] },
			]);
			expect(outstanding(store)).toEqual([`publish ${bob.id}`]);
		}));

	it('that could not read Postgres tries again, ever more slowly', () =>
		inStore((store) => {
			rules.look(store, NOW);
			const [call] = outgoing.outstanding(store, NO_TABS, NOW) as [Call];
			let now = NOW;
			const pauses: number[] = [];
			for (let i = 0; i < 10; i++) {
				outgoing.failed(store, call, now);
				expect(outstanding(store, NO_TABS, now)).toEqual([]);
				const next = outgoing.wakeAt(store, NO_TABS, NOTHING, now) as number;
				pauses.push((next - now) / 1_000);
				now = next;
				expect(outstanding(store, NO_TABS, now)).toEqual(['refresh']);
			}
			expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
		}));
});

describe('R3: lines', () => {
	it('are shown when they are newer, and acknowledged either way', () =>
		inAnas(friends(bob), (store) => {
			expect(shown(rules.take(store, line(5)))).toMatchObject([{ type: 'row', row: { summary: line(5) } }]);
			expect(rules.take(store, line(5))).toEqual([]);
			expect(rules.take(store, line(4))).toEqual([]);
			expect(store.summary(withBob)?.row).toEqual(line(5));
		}));

	it('end up the same in whichever order and however often they come', () =>
		inAnas(friends(bob), (store) => {
			fc.assert(
				fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (revisions) => {
					const base = (store.summary(withBob)?.row.revision ?? 0) + 1;
					for (const revision of revisions) rules.take(store, line(base + revision));
					expect(store.summary(withBob)?.row).toEqual(line(base + Math.max(...revisions)));
				}),
			);
		}));

	it('of a stranger are kept and shown to nobody', () =>
		inAnas(friends(bob), (store) => {
			expect(rules.take(store, line(5, { room: withEve }))).toEqual([]);
			expect(rules.stateOf(store, ana.id, NOW).rows.map((row) => row.room)).toEqual([withBob]);
		}));
});

describe('R1: what a tab has', () => {
	const say = (store: InboxStore, room: string, seq: number) =>
		rules.obey(store, { type: 'delivered', rooms: [[room, seq]] }, ana.id, [tab()], NOW);

	it('is told to the room once, as far as there is anything to have', () =>
		inAnas(friends(bob), (store) => {
			rules.take(store, line(5));
			say(store, withBob, 9);
			expect(outgoing.outstanding(store, [], NOW)).toEqual([{ call: 'deliver', room: withBob, seq: 5 }]);
			store.gotConfirmed(withBob, 5);
			say(store, withBob, 5);
			say(store, withBob, 4);
			expect(outstanding(store)).toEqual([]);
		}));

	it('is not told when the room knows, nor of rooms that are not theirs', () =>
		inAnas(friends(bob), (store) => {
			rules.take(store, line(5, { delivered: 5 }));
			say(store, withBob, 5);
			say(store, 'bob00000_eve00000', 5);
			expect(outstanding(store)).toEqual([]);
		}));
});

describe('what Postgres says', () => {
	const learned = (store: InboxStore, roster: Roster, ticket = 2) =>
		shown(learn(store, roster, ticket, ana.id, NOW));

	it('a second time is no news', () =>
		inAnas(friends(bob), (store) => expect(learned(store, friends(bob))).toEqual([])));

	it('is news as far as it differs: friends', () =>
		inAnas(friends(bob), (store) => {
			expect(learned(store, friends(bob, eve))).toMatchObject([
				{ type: 'news', news: 'friend_gained', person: eve, room: withEve },
				{ type: 'row', row: { room: withEve, open: true } },
			]);
			const ended = friends(bob, eve);
			ended.friendships[1]!.open = false;
			expect(learned(store, ended)).toMatchObject([
				{ type: 'news', news: 'friend_lost', person: eve },
				{ type: 'row', row: { room: withEve, open: false } },
			]);
			expect(learned(store, friends(bob, eve))).toMatchObject([{ news: 'friend_gained' }, { type: 'row' }]);
		}));

	it('is news as far as it differs: names and mutes, without calling it a new friend', () =>
		inAnas(friends(bob), (store) => {
			const renamed = friends({ ...bob, name: 'Robert' });
			renamed.friendships[0] = { ...renamed.friendships[0]!, room: withBob, muted: true };
			expect(learned(store, renamed)).toMatchObject([
				{ type: 'row', row: { muted: true, friend: { name: 'Robert' } } },
			]);
		}));

	it('is news as far as it differs: invitations', () =>
		inAnas(friends(bob), (store) => {
			const invited: Roster = {
				...friends(bob),
				invitations: [{ person: eve, room: withEve, mine: false }],
				unseen: 1,
			};
			expect(learned(store, invited)).toEqual([
				{ type: 'news', news: 'invited', person: eve, room: withEve, mine: false },
				{ type: 'unseen', unseen: 1 },
			]);
			expect(learned(store, { ...invited, unseen: 0 })).toEqual([{ type: 'unseen', unseen: 0 }]);
			expect(learned(store, friends(bob))).toEqual([
				{ type: 'news', news: 'withdrawn', person: eve, room: withEve, mine: false },
			]);
		}));

	it('says of an accepted invitation only that there is a friend', () =>
		inAnas({ ...friends(bob), invitations: [{ person: eve, room: withEve, mine: true }] }, (store) => {
			expect(learned(store, friends(bob, eve))).toMatchObject([
				{ type: 'news', news: 'friend_gained', person: eve },
				{ type: 'row' },
			]);
		}));

	it('is asked again when more was heard while it was being read', () =>
		inAnas(friends(bob), (store) => {
			store.self.wantRefresh();
			const [call] = outgoing.outstanding(store, [], NOW) as [Extract<Call, { call: 'refresh' }>];
			store.self.wantRefresh();
			learned(store, friends(bob), call.ticket);
			expect(outstanding(store)).toEqual(['refresh']);
		}));

	it('is asked again when somebody comes back after a while', () =>
		inAnas(friends(bob), (store) => {
			rules.open(store, NOW);
			expect(outstanding(store, [tab()])).toEqual([`watch ${bob.id}`]);
			rules.open(store, NOW + 3_600_000);
			expect(outstanding(store, [tab()])).toContain('refresh');
		}));

	it('of somebody deleted takes the line away', () =>
		inAnas(friends(bob, eve), (store) => {
			rules.take(store, line(3, { room: withEve }));
			expect(learned(store, friends(bob))).toMatchObject([
				{ type: 'row', row: { room: withEve, open: false } },
				{ news: 'friend_lost' },
			]);
			expect(store.chat(withEve)).toBeNull();
			expect(store.summary(withEve)).toBeNull();
		}));
});

describe('P3: who is told of whom', () => {
	it('only friends may ask', () =>
		inAnas(friends(bob), (store) => {
			expect(presence.subscribe(store, bob.id, [tab()], NOW)).toMatchObject({ active: true });
			expect(presence.subscribe(store, eve.id, [tab()], NOW)).toBeNull();
			expect(store.presence.subscribers().map((s) => s.person)).toEqual([bob.id]);
		}));

	it('a former friend is told no more, and seen no more', () =>
		inAnas(friends(bob), (store) => {
			presence.subscribe(store, bob.id, [tab()], NOW);
			presence.watched(store, bob.id, { active: true, at: NOW, revision: 1 }, NOW);
			expect(rules.stateOf(store, ana.id, NOW).presence).toHaveLength(1);
			const ended = friends(bob);
			ended.friendships[0]!.open = false;
			learn(store, ended, 2, ana.id, NOW);
			expect(store.presence.subscribers()).toEqual([]);
			expect(rules.stateOf(store, ana.id, NOW).presence).toEqual([]);
			const report: PresenceReport = { active: true, at: NOW, revision: 2 };
			expect(presence.see(store, bob.id, report, [tab()], NOW)).toEqual({ wanted: false, effects: [] });
			expect(presence.watched(store, bob.id, report, NOW)).toEqual([]);
		}));

	it('friends are watched from the first tab until the last has been gone for the grace', () =>
		inAnas(friends(bob), (store) => {
			expect(outstanding(store)).toEqual([]);
			rules.open(store, NOW);
			expect(outstanding(store, [tab()])).toEqual([`watch ${bob.id}`]);
			presence.watched(store, bob.id, { active: false, at: 1, revision: 1 }, NOW);
			expect(outstanding(store, [tab(false)])).toEqual([]);
			rules.close(store, tab(false), NO_TABS, NOW);
			expect(outstanding(store)).toEqual([]);
			expect(outgoing.wakeAt(store, NO_TABS, NOTHING, NOW)).toBe(NOW + GRACE);
			rules.pass(store, NO_TABS, NOW + GRACE);
			expect(outstanding(store, NO_TABS, NOW + GRACE)).toEqual([`unwatch ${bob.id}`]);
			presence.unwatched(store, bob.id);
			expect(outgoing.wakeAt(store, NO_TABS, NOTHING, NOW + GRACE)).toBeNull();
		}));

	it('a report for somebody who is not there ends the subscription', () =>
		inAnas(friends(bob), (store) => {
			const report: PresenceReport = { active: true, at: NOW, revision: 5 };
			expect(presence.see(store, bob.id, report, NO_TABS, NOW)).toEqual({ wanted: false, effects: [] });
			expect(presence.see(store, bob.id, report, [tab()], NOW).wanted).toBe(true);
		}));

	it('nobody who is not watched is looked after by alarm', () =>
		inAnas(friends(bob), (store) => {
			const tabs = [tab()];
			rules.obey(store, { type: 'hello', active: true, idle: 0 }, ana.id, tabs, NOW);
			store.self.saved(NOW, NOW);
			presence.watched(store, bob.id, { active: true, at: NOW, revision: 1 }, NOW);
			expect(outgoing.wakeAt(store, tabs, NOTHING, NOW)).toBeNull();
			presence.subscribe(store, bob.id, tabs, NOW);
			expect(outgoing.wakeAt(store, tabs, NOTHING, NOW)).toBeGreaterThan(NOW);
		}));

	it('after a restart of everything, somebody who did not come back is away', () =>
		inAnas(friends(bob), (store) => {
			rules.obey(store, { type: 'hello', active: true, idle: 0 }, ana.id, [tab()], NOW);
			presence.subscribe(store, bob.id, [tab()], NOW);
			rules.pass(store, NO_TABS, NOW + 60_000);
			expect(outgoing.outstanding(store, NO_TABS, NOW + 60_000)).toMatchObject([
				{ call: 'publish', report: { active: false, at: NOW } },
				{ call: 'save', at: NOW },
			]);
		}));
});

describe('P2: the last activity in Postgres', () => {
	it('is written on coming and on going, at most once a minute', () =>
		inAnas(friends(), (store) => {
			const writes: number[] = [];
			let tabs: OpenTab[] = [];
			for (let now = NOW; now < NOW + 10 * 60_000; now += 1_000) {
				if (now % 20_000 === 0) tabs = [tab(true, now)];
				else if (now % 20_000 === 5_000) {
					const [closing] = tabs;
					tabs = [];
					if (closing) rules.close(store, closing, tabs, now);
				}
				rules.pass(store, tabs, now);
				for (const call of outgoing.outstanding(store, tabs, now))
					if (call.call === 'save') {
						store.self.saved(call.at, now);
						writes.push(now);
					}
			}
			const pauses = writes.slice(1).map((at, i) => at - writes[i]!);
			expect(writes.length).toBeGreaterThan(3);
			expect(Math.min(...pauses)).toBeGreaterThanOrEqual(60_000);
		}));
});

describe('D4: a revoked session', () => {
	it('loses its sockets and opens no more', () =>
		inAnas(friends(bob), (store) => {
			expect(store.sessions.isRevoked('session2')).toBe(false);
			expect(rules.revoke(store, 'session2', 'session_revoked', NOW)).toEqual([
				{ do: 'close', session: 'session2', reason: 'session_revoked' },
			]);
			expect([store.sessions.isRevoked('session1'), store.sessions.isRevoked('session2')]).toEqual([
				false,
				true,
			]);
			expect(rules.admit(store, 'session2', undefined, NOW)).toBe(false);
		}));

	it('is followed into the rooms it entered', () =>
		inAnas(friends(bob), (store) => {
			expect(rules.admit(store, 'session1', 'ana_bob', NOW)).toBe(true);
			expect(rules.admit(store, 'session1', 'ana_bob', NOW + 1)).toBe(true);
			expect(rules.admit(store, 'session1', undefined, NOW)).toBe(true);
			expect(store.sessions.entered('session1')).toEqual(['ana_bob']);
			store.sessions.leave('session1', 'ana_bob');
			expect(store.sessions.entered('session1')).toEqual([]);
		}));
});

/** What reaches a friend who watches ana, and when: the network may lose, double, delay and reorder. */
describe('P2, P3: a watcher', () => {
	const step = fc.oneof(
		fc.record({ do: fc.constant('open' as const), tab: fc.nat(2), active: fc.boolean() }),
		fc.record({ do: fc.constant('close' as const), tab: fc.nat(2) }),
		fc.record({ do: fc.constant('report' as const), tab: fc.nat(2), active: fc.boolean() }),
		fc.record({ do: fc.constant('vanish' as const), tab: fc.nat(2) }),
		fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 120_000 }) }),
		fc.record({
			do: fc.constant('publish' as const),
			fate: fc.constantFrom('arrives', 'lost', 'answer lost', 'late' as const),
		}),
		fc.record({ do: fc.constant('late report arrives' as const), which: fc.nat(5) }),
		fc.record({ do: fc.constant('ask' as const) }),
	);

	it('never keeps a wrong answer for longer than the next alarm, once calls arrive again', () =>
		inAnas(friends(bob), (store) => {
			let start = NOW;
			fc.assert(
				fc.property(fc.array(step, { maxLength: 40 }), (story) => {
					let now = (start += 365 * 24 * 3_600_000);
					const tabs = new Map<number, OpenTab>();
					const silent = new Set<number>();
					const late: PresenceReport[] = [];
					let seen: PresenceReport | null = null;
					const open = () => [...tabs.values()];
					const hear = () => {
						for (const [name, one] of tabs) if (!silent.has(name)) one.heard = now;
					};
					const arrive = (report: PresenceReport) => {
						if (!seen || report.revision > seen.revision) seen = report;
					};
					const publish = (fate: string) => {
						for (const call of outgoing.outstanding(store, open(), now)) {
							if (call.call !== 'publish') continue;
							if (fate === 'late') late.push(call.report);
							if (fate === 'arrives' || fate === 'answer lost') arrive(call.report);
							if (fate === 'arrives') {
								presence.published(store, call, true);
								outgoing.succeeded(store, call);
							} else outgoing.failed(store, call, now);
						}
					};
					/** The alarm, as often as it is due, until a moment. */
					const pass = (until: number, fate: string | null) => {
						for (;;) {
							const at = outgoing.wakeAt(store, open(), new Set(['save']), now);
							if (at === null || at > until) break;
							now = Math.max(now + 1, at);
							hear();
							rules.pass(store, open(), now);
							if (fate) publish(fate);
							for (const call of outgoing.outstanding(store, open(), now)) outgoing.failed(store, call, now);
						}
						now = Math.max(now, until);
						hear();
					};

					arrive(presence.subscribe(store, bob.id, open(), now)!);
					for (const what of story) {
						if (what.do === 'open') {
							const old = tabs.get(what.tab);
							tabs.delete(what.tab);
							silent.delete(what.tab);
							if (old) rules.close(store, old, open(), now);
							rules.open(store, now);
							tabs.set(what.tab, { active: what.active, heard: now });
							rules.obey(store, { type: 'hello', active: what.active, idle: 0 }, ana.id, open(), now);
						} else if (what.do === 'close' || what.do === 'report' || what.do === 'vanish') {
							const one = tabs.get(what.tab);
							if (!one) continue;
							if (what.do === 'vanish') silent.add(what.tab);
							else if (what.do === 'close') {
								tabs.delete(what.tab);
								rules.close(store, one, open(), now);
							} else if (!silent.has(what.tab)) {
								Object.assign(one, { active: what.active, heard: now });
								rules.obey(store, { type: 'activity', active: what.active, idle: 0 }, ana.id, open(), now);
							}
						} else if (what.do === 'wait') pass(now + what.ms, null);
						else if (what.do === 'publish') publish(what.fate);
						else if (what.do === 'ask') arrive(presence.subscribe(store, bob.id, open(), now)!);
						else {
							const [report] = late.splice(what.which % Math.max(1, late.length), 1);
							if (report) arrive(report);
						}
					}
					// The line is good again. Retries wait at most five minutes; silence is noticed in two.
					pass(now + 5 * 60_000 + 2 * SILENT_AFTER, 'arrives');
					const truth = [...tabs].some(([name, one]) => one.active && !silent.has(name));
					expect((seen as PresenceReport | null)?.active).toBe(truth);
					for (const report of late) arrive(report);
					expect((seen as PresenceReport | null)?.active).toBe(truth);

					for (const one of [...tabs.keys()]) {
						const closing = tabs.get(one)!;
						tabs.delete(one);
						rules.close(store, closing, open(), now);
					}
				}),
				{ numRuns: 150 },
			);
		}));
});
