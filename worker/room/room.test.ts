import { describe, expect, test } from 'vitest';
import { PAGE_MAX, PAGE_SIZE, STEPS_MAX, SYNC_MAX_BEHIND, SYNC_PAGE } from '#lib/chat/limits.ts';
import { readAt } from '#lib/chat/message.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { UNREAD_CAP } from '#lib/chat/summary.ts';
import { ana, bob, inStore, text } from '../testing.ts';
import { history, obey, setStatus, type Effect } from './room.ts';
import { RoomStore } from './room-store.ts';

const asAna = { person: ana, friend: bob };
const asBob = { person: bob, friend: ana };

/** The one frame that came of it, and for whom. */
function only(effects: Effect[]): [whom: Extract<Effect, { do: 'tell' }>['whom'], frame: ServerFrame] {
	expect(effects).toHaveLength(1);
	const [effect] = effects;
	if (effect?.do !== 'tell') throw new Error('not a frame');
	return [effect.whom, effect.frame];
}

function fill(store: RoomStore, count: number): void {
	for (let n = 1; n <= count; n++) store.append(n % 2 ? ana : bob, `message-${n}`, text(`number ${n}`), n);
}

type Sync = Extract<ServerFrame, { type: 'sync' }>;
function hello(store: RoomStore, last: number, revision: number): Sync {
	const [, frame] = only(obey(store, { type: 'hello', last, revision }, asAna, 99));
	if (frame.type !== 'sync') throw new Error('not a sync');
	return frame;
}

const send = (id: string, words: string): ClientFrame => ({ type: 'send', id, body: text(words) });

describe('sending', () => {
	test('M2: messages are numbered 1, 2, 3 whoever speaks, and stamped with the speaker and the time of the room', () =>
		inStore((store) => {
			expect(obey(store, send('first-ana', 'hi'), asAna, 1000)).toEqual([
				{
					do: 'tell',
					whom: 'everybody',
					frame: {
						type: 'message',
						message: { seq: 1, id: 'first-ana', from: ana, at: 1000, revision: 0, body: text('hi') },
					},
				},
			]);
			obey(store, send('first-bob', 'hello'), asBob, 900);
			obey(store, send('next-ana', 'so'), asAna, 950);
			expect(store.after(0, 10).map(({ seq, from, at }) => [seq, from, at])).toEqual([
				[1, ana, 1000],
				[2, bob, 900],
				[3, ana, 950],
			]);
		}));

	test('M1: the same id again returns the stored message to who asked, with its number and time', () =>
		inStore((store) => {
			const [, stored] = only(obey(store, send('retried-1', 'once'), asAna, 1000));
			obey(store, send('between-1', 'meanwhile'), asBob, 2000);
			expect(only(obey(store, send('retried-1', 'once'), asAna, 999_999))).toEqual(['asker', stored]);
			expect(store.last()).toBe(2);
		}));

	test('M1: the same id with other content is refused', () =>
		inStore((store) => {
			obey(store, send('retried-1', 'once'), asAna, 1000);
			const refused = { type: 'refused', code: 'id_taken', id: 'retried-1' };
			expect(only(obey(store, send('retried-1', 'twice'), asAna, 1001))).toEqual(['asker', refused]);
			expect(store.last()).toBe(1);
		}));

	test('M1: ids are unique per speaker, so bob may use an id of ana', () =>
		inStore((store) => {
			obey(store, send('the-same-id', 'mine'), asAna, 1);
			const [whom, frame] = only(obey(store, send('the-same-id', 'mine too'), asBob, 2));
			expect([whom, frame]).toMatchObject(['everybody', { message: { seq: 2, from: bob } }]);
		}));

	test('M2: neither a duplicate nor a refusal leaves a gap', () =>
		inStore((store) => {
			for (let n = 1; n <= 20; n++) {
				obey(store, send(`message-${n}`, `${n}`), asAna, n);
				obey(store, send(`message-${n}`, `${n}`), asAna, n);
				obey(store, send(`message-${n}`, 'else'), asAna, n);
			}
			expect(store.after(0, 50).map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
		}));

	test('D4: nothing can be said, marked or announced after the end', () =>
		inStore((store) => {
			fill(store, 2);
			setStatus(store, { open: false, epoch: 2 });
			expect(only(obey(store, send('too-late-1', 'please'), asAna, 5))).toEqual([
				'asker',
				{ type: 'refused', code: 'ended', id: 'too-late-1' },
			]);
			expect(only(obey(store, { type: 'mark', read: 2 }, asAna, 5))).toEqual([
				'asker',
				{ type: 'refused', code: 'ended' },
			]);
			expect([store.last(), store.marks()]).toEqual([2, []]);
		}));

	test('costs one INSERT of two rows, and a duplicate writes nothing', () =>
		inStore((_, sql) => {
			const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
			const statements: string[] = [];
			const counting = {
				exec(query: string, ...bound: unknown[]) {
					const cursor = sql.exec(query, ...bound);
					cursors.push(cursor);
					statements.push(query.trim().split(/\s/, 1)[0]!);
					return cursor;
				},
			} as SqlStorage;
			const store = new RoomStore(counting);
			store.status();
			const written = (work: () => void) => {
				cursors.length = statements.length = 0;
				work();
				return [statements.join(' '), cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0)];
			};
			fill(store, 500);
			expect(written(() => obey(store, send('counted-1', 'what does it cost'), asAna, 1))).toEqual([
				'INSERT',
				2,
			]);
			expect(written(() => obey(store, send('counted-1', 'what does it cost'), asAna, 1))).toEqual([
				'INSERT SELECT',
				0,
			]);
			expect(written(() => obey(store, { type: 'delete', id: 'counted-1' }, asAna, 1))[1]).toBe(2);
			expect(written(() => obey(store, { type: 'mark', read: 400 }, asAna, 1))[1]).toBe(1);
			expect(written(() => obey(store, { type: 'hello', last: 450, revision: 0 }, asAna, 1))[1]).toBe(0);
		}));
});

describe('taking back', () => {
	test('M7: a message of mine becomes a tombstone in its place, for everybody, and its text is gone', () =>
		inStore((store, sql) => {
			fill(store, 3);
			const message = {
				seq: 1,
				id: 'message-1',
				from: ana,
				at: 1,
				revision: 1,
				body: { kind: 'deleted' },
			};
			expect(only(obey(store, { type: 'delete', id: 'message-1' }, asAna, 50))).toEqual([
				'everybody',
				{ type: 'changed', message, revision: 1 },
			]);
			expect(store.after(0, 9)[0]).toEqual(message);
			expect(JSON.stringify(sql.exec('SELECT * FROM messages').toArray())).not.toContain('number 1');
		}));

	test('M7: doing it twice does it once', () =>
		inStore((store) => {
			fill(store, 1);
			const [, first] = only(obey(store, { type: 'delete', id: 'message-1' }, asAna, 50));
			expect(only(obey(store, { type: 'delete', id: 'message-1' }, asAna, 60))).toEqual(['asker', first]);
			expect(store.revision()).toBe(1);
		}));

	test('M7: bob may not take back what ana said, and nobody what was never said', () =>
		inStore((store) => {
			fill(store, 1);
			expect(only(obey(store, { type: 'delete', id: 'message-1' }, asBob, 50))).toEqual([
				'asker',
				{ type: 'refused', code: 'not_yours', id: 'message-1' },
			]);
			expect(only(obey(store, { type: 'delete', id: 'message-9' }, asBob, 50))).toEqual([
				'asker',
				{ type: 'refused', code: 'unknown_message', id: 'message-9' },
			]);
			expect(store.after(0, 9)).toMatchObject([{ body: text('number 1'), revision: 0 }]);
		}));

	test('M1: sent again after it was taken back, with whatever content, it is answered with the tombstone', () =>
		inStore((store) => {
			obey(store, send('regretted', 'oh no'), asAna, 1);
			obey(store, { type: 'delete', id: 'regretted' }, asAna, 2);
			for (const words of ['oh no', 'something else'])
				expect(only(obey(store, send('regretted', words), asAna, 3))).toMatchObject([
					'asker',
					{ type: 'message', message: { seq: 1, revision: 1, body: { kind: 'deleted' } } },
				]);
			expect(store.last()).toBe(1);
		}));

	test('D4: a former friend may still take back their own words', () =>
		inStore((store) => {
			fill(store, 1);
			setStatus(store, { open: false, epoch: 2 });
			const [, frame] = only(obey(store, { type: 'delete', id: 'message-1' }, asAna, 5));
			expect(frame).toMatchObject({ type: 'changed', message: { body: { kind: 'deleted' } } });
		}));
});

describe('marks', () => {
	test('R1: they grow, are cut to the last message, and read implies delivered', () =>
		inStore((store) => {
			fill(store, 5);
			const mark = (frame: { delivered?: number; read?: number }) =>
				only(obey(store, { type: 'mark', ...frame }, asAna, 1));
			expect(mark({ delivered: 2 })).toEqual([
				'everybody',
				{ type: 'marks', person: ana, delivered: 2, read: 0, revision: 1 },
			]);
			expect(mark({ read: 4 })).toEqual([
				'everybody',
				{ type: 'marks', person: ana, delivered: 4, read: 4, revision: 2, steps: [{ upTo: 4, at: 1 }] },
			]);
			expect(mark({ read: 999, delivered: 1 })).toMatchObject([
				'everybody',
				{ type: 'marks', person: ana, delivered: 5, read: 5, revision: 3 },
			]);
		}));

	test('R1: a mark that is not ahead changes nothing and is answered with what stands', () =>
		inStore((store) => {
			fill(store, 5);
			obey(store, { type: 'mark', read: 3 }, asAna, 1);
			const stands = ['asker', { type: 'marks', ...store.marks()[0] }];
			expect(stands[1]).toMatchObject({ delivered: 3, read: 3, revision: 1, steps: [{ upTo: 3, at: 1 }] });
			expect(only(obey(store, { type: 'mark', read: 2, delivered: 3 }, asAna, 2))).toEqual(stands);
			expect(only(obey(store, { type: 'mark' }, asAna, 2))).toEqual(stands);
			expect(store.revision()).toBe(1);
		}));

	test('R1: the room notes when the read mark grew, and a delivered one leaves that as it is', () =>
		inStore((store, sql) => {
			fill(store, 20);
			const mark = (frame: { delivered?: number; read?: number }, now: number) => {
				obey(store, { type: 'mark', ...frame }, asAna, now);
				return store.marks()[0]!;
			};
			expect(mark({ delivered: 4 }, 10).steps).toBeUndefined();
			mark({ read: 2 }, 20);
			mark({ read: 2 }, 25);
			mark({ delivered: 9 }, 28);
			const marks = mark({ read: 5 }, 30);
			expect([1, 2, 3, 5, 6].map((seq) => readAt(marks, seq))).toEqual([20, 20, 30, 30, null]);

			for (let read = 6; read <= 15; read++) mark({ read }, read * 10);
			const later = store.marks()[0]!;
			expect(later.steps).toHaveLength(STEPS_MAX);
			expect([2, 8, 9, 15].map((seq) => readAt(later, seq))).toEqual([null, null, 90, 150]);

			// Marks from before their times were noted.
			sql.exec('UPDATE marks SET steps = NULL');
			expect(readAt(store.marks()[0]!, 15)).toBeNull();
			const since = mark({ read: 16 }, 200);
			expect([15, 16].map((seq) => readAt(since, seq))).toEqual([null, 200]);
		}));

	test('R1: in an empty room there is nothing to mark', () =>
		inStore((store) => {
			const nothing = { type: 'marks', person: ana, delivered: 0, read: 0, revision: 0 };
			expect(only(obey(store, { type: 'mark', read: 7 }, asAna, 1))).toEqual(['asker', nothing]);
			expect(store.marks()).toEqual([]);
		}));

	test('D3: they are the asker’s own', () =>
		inStore((store) => {
			fill(store, 5);
			obey(store, { type: 'mark', read: 3 }, asAna, 1);
			obey(store, { type: 'mark', delivered: 5 }, asBob, 1);
			expect(store.marks()).toEqual([
				{ person: ana, delivered: 3, read: 3, revision: 1, steps: [{ upTo: 3, at: 1 }] },
				{ person: bob, delivered: 5, read: 0, revision: 2 },
			]);
		}));
});

describe('hello', () => {
	test('C2: an empty room has nothing', () =>
		inStore((store) => {
			expect(hello(store, 0, 0)).toEqual({
				type: 'sync',
				you: ana,
				now: 99,
				reset: false,
				messages: [],
				changed: [],
				marks: [],
				last: 0,
				revision: 0,
				more: false,
			});
		}));

	test('M5, C2: the answer has exactly what came after the last one that the client has', () =>
		inStore((store) => {
			fill(store, 10);
			const { messages, last, more, reset } = hello(store, 7, 0);
			expect([messages.map(({ seq }) => seq), last, more, reset]).toEqual([[8, 9, 10], 10, false, false]);
		}));

	test('M4: it has every later change, tombstones and marks included, and none twice', () =>
		inStore((store) => {
			fill(store, 6);
			obey(store, { type: 'delete', id: 'message-2' }, asBob, 1);
			obey(store, { type: 'mark', read: 6 }, asAna, 1);
			obey(store, { type: 'delete', id: 'message-1' }, asAna, 1);
			const { messages, changed, marks, last, revision } = hello(store, 6, 1);
			expect(messages).toEqual([]);
			expect(changed.map(({ seq, revision: r }) => [seq, r])).toEqual([[1, 3]]);
			expect(marks).toMatchObject([{ person: ana, delivered: 6, read: 6, revision: 2 }]);
			expect([last, revision]).toEqual([6, 3]);
			expect(hello(store, 6, 3)).toMatchObject({ messages: [], changed: [], marks: [], revision: 3 });
		}));

	test('M4: a message that the client does not have yet comes as it is now, and not as a change', () =>
		inStore((store) => {
			fill(store, 3);
			obey(store, { type: 'delete', id: 'message-3' }, asAna, 1);
			const { messages, changed } = hello(store, 2, 0);
			expect([messages.map(({ body }) => body.kind), changed]).toEqual([['deleted'], []]);
		}));

	test('M4: much is brought in bounded pages, messages and changes alike', () =>
		inStore((store) => {
			fill(store, SYNC_MAX_BEHIND);
			for (let n = 1; n < SYNC_MAX_BEHIND; n += 2)
				obey(store, { type: 'delete', id: `message-${n}` }, asAna, 1);
			const sizes: number[] = [];
			const seen = new Map<number, string>();
			let have = { last: 200, revision: 0 };
			for (;;) {
				const answer = hello(store, have.last, have.revision);
				sizes.push(Math.max(answer.messages.length, answer.changed.length));
				for (const { seq, body } of [...answer.messages, ...answer.changed]) seen.set(seq, body.kind);
				have = answer;
				if (!answer.more) break;
			}
			expect(sizes.length).toBeLessThan(6);
			expect(Math.max(...sizes)).toBe(SYNC_PAGE);
			expect(have).toMatchObject({ last: SYNC_MAX_BEHIND, revision: SYNC_MAX_BEHIND / 2 });
			const brought = store.after(0, 999).filter(({ seq, body }) => seq > 200 || body.kind === 'deleted');
			expect(seen.size).toBe(brought.length);
			for (const { seq, body } of brought) expect(seen.get(seq)).toBe(body.kind);
		}));

	test('M4: who is too far behind gets the newest page instead of everything in between', () =>
		inStore((store) => {
			fill(store, SYNC_MAX_BEHIND + 10);
			obey(store, { type: 'mark', read: 3 }, asBob, 1);
			obey(store, { type: 'delete', id: 'message-1' }, asAna, 1);
			expect(hello(store, 10, 0).reset).toBe(false);
			const answer = hello(store, 9, 0);
			expect(answer).toMatchObject({
				reset: true,
				more: false,
				changed: [],
				last: SYNC_MAX_BEHIND + 10,
				revision: 2,
			});
			expect(answer.messages.map(({ seq }) => seq)).toEqual(
				Array.from({ length: PAGE_SIZE }, (_, n) => SYNC_MAX_BEHIND + 11 - PAGE_SIZE + n),
			);
			expect(answer.marks).toHaveLength(1);
		}));

	test('M4: so does who claims to be ahead of the room', () =>
		inStore((store) => {
			fill(store, 3);
			expect(hello(store, 4, 0)).toMatchObject({ reset: true, last: 3, revision: 0 });
			expect(hello(store, 3, 1)).toMatchObject({ reset: true, last: 3, revision: 0 });
			expect(hello(store, Number.MAX_SAFE_INTEGER, 0)).toMatchObject({ reset: true, last: 3 });
		}));
});

describe('history', () => {
	test('a page has the messages just before a number, oldest first, and says whether there is older history', () =>
		inStore((store) => {
			fill(store, 120);
			const page = (before: number, limit?: number) => {
				const [whom, frame] = only(
					obey(store, { type: 'page', before, ...(limit ? { limit } : {}) }, asAna, 1),
				);
				if (frame.type !== 'page' || whom !== 'asker') throw new Error('not a page');
				return [frame.before, frame.messages.map(({ seq }) => seq), frame.more];
			};
			expect(page(121)[1]).toHaveLength(PAGE_SIZE);
			expect(page(4, 2)).toEqual([4, [2, 3], true]);
			expect(page(3, 2)).toEqual([3, [1, 2], false]);
			expect(page(1)).toEqual([1, [], false]);
			expect(page(9999, 1)).toEqual([9999, [120], true]);
		}));

	test('the newest, before and after a number, with limits that are cut to what is allowed', () =>
		inStore((store) => {
			fill(store, PAGE_MAX + 50);
			obey(store, { type: 'mark', read: 3 }, asBob, 1);
			const seqs = (range: Parameters<typeof history>[1]) => {
				const { messages, more } = history(store, range);
				return [messages[0]?.seq, messages.at(-1)?.seq, messages.length, more];
			};
			expect(seqs({})).toEqual([PAGE_MAX + 1, PAGE_MAX + 50, PAGE_SIZE, true]);
			expect(seqs({ limit: 1e9 })).toEqual([51, PAGE_MAX + 50, PAGE_MAX, true]);
			expect(seqs({ limit: -5 })).toEqual([PAGE_MAX + 50, PAGE_MAX + 50, 1, true]);
			expect(seqs({ before: 3 })).toEqual([1, 2, 2, false]);
			expect(seqs({ after: PAGE_MAX + 48 })).toEqual([PAGE_MAX + 49, PAGE_MAX + 50, 2, false]);
			expect(seqs({ after: 0, limit: 2 })).toEqual([1, 2, 2, true]);
			expect(seqs({ after: 9999 })).toEqual([undefined, undefined, 0, false]);
			expect(history(store, {})).toMatchObject({
				last: PAGE_MAX + 50,
				revision: 1,
				marks: [{ person: bob, delivered: 3, read: 3, revision: 1 }],
			});
		}));
});

describe('the friendship', () => {
	test('D4: an end closes every socket, and only higher epochs count', () =>
		inStore((store) => {
			expect(setStatus(store, { open: true, epoch: 1 })).toEqual([]);
			expect(setStatus(store, { open: false, epoch: 2 })).toEqual([
				{ do: 'close', reason: 'friendship_ended' },
			]);
			expect(setStatus(store, { open: true, epoch: 1 })).toEqual([]);
			expect(setStatus(store, { open: true, epoch: 2 })).toEqual([]);
			expect(store.status()).toEqual({ open: false, epoch: 2 });
			expect(setStatus(store, { open: true, epoch: 3 })).toEqual([]);
			expect(store.status()).toEqual({ open: true, epoch: 3 });
		}));
});

describe('the store', () => {
	test('finds the next number, the next revision, a duplicate and the changes by index', () =>
		inStore((store, sql) => {
			fill(store, 10);
			const plans: string[] = [];
			const explaining = new RoomStore({
				exec(query: string, ...bound: unknown[]) {
					const steps = sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${query}`, ...bound).toArray();
					plans.push(...steps.map(({ detail }) => detail));
					return sql.exec(query, ...bound);
				},
			} as SqlStorage);
			explaining.last();
			explaining.revision();
			explaining.find(ana, 'message-1');
			explaining.changed(0, 10, 5);
			explaining.before(5, 5);
			explaining.after(5, 5);
			expect(plans.filter((detail) => detail.includes('SCAN') && detail.includes('messages'))).toEqual([]);
			expect(plans.join('\n')).toContain('messages_changed');
			expect(plans.join('\n')).not.toContain('TEMP B-TREE');
		}));

	test('R3: counts what is unread with the same effort, whatever else is after the mark', () =>
		inStore((store, sql) => {
			const many = (from: number, count: number, speaker: string, body: object) =>
				sql.exec(
					`WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + ?2 - 1)
					INSERT INTO messages (seq, speaker, id, at, body) SELECT i, ?3, 'bulk-' || i, i, ?4 FROM n`,
					from,
					count,
					speaker,
					JSON.stringify(body),
				);
			let rowsRead = 0;
			const counting = new RoomStore({
				exec(query: string, ...bound: (string | number)[]) {
					const cursor = sql.exec(query, ...bound);
					const counted = <T>(rows: T): T => {
						rowsRead += cursor.rowsRead;
						return rows;
					};
					return { one: () => counted(cursor.one()), toArray: () => counted(cursor.toArray()) };
				},
			} as unknown as SqlStorage);
			const unread = () => {
				rowsRead = 0;
				return counting.unread(ana, 0);
			};
			many(1, 20_000, ana, text('mine'));
			many(20_001, 20_000, bob, { kind: 'deleted' });
			expect(unread()).toBe(0);
			expect(unread()).toBe(0);
			expect(rowsRead).toBeLessThan(20);
			store.setTold(ana, { acknowledged: 3, at: 1, failures: 0 });
			many(40_001, 2, bob, text('theirs'));
			expect(unread()).toBe(2);
			expect(rowsRead).toBeLessThan(20);

			many(40_003, 998, bob, text('theirs'));
			expect(unread()).toBe(UNREAD_CAP);
			const thousand = rowsRead;
			many(41_001, 50_000, bob, text('theirs'));
			expect(unread()).toBe(UNREAD_CAP);
			expect(rowsRead).toBeLessThanOrEqual(thousand);
		}));

	test('R3: what is skipped is never something that counts later', () =>
		inStore((store) => {
			const call = (outcome: 'missed' | 'finished' | null) =>
				({ kind: 'call', call: 'voice', outcome, duration: 0 }) as const;
			for (let n = 1; n <= 600; n++) store.append(ana, `message-${n}`, text('mine'), n);
			const ringing = store.append(bob, 'call-of-bob', call(null), 1)!;
			for (let n = 601; n <= 1_200; n++) store.append(ana, `message-${n}`, text('mine'), n);
			expect(store.unread(ana, 0)).toBe(0);
			store.replace(ringing, call('missed'));
			expect(store.unread(ana, 0)).toBe(1);
			store.replace(ringing, call('finished'));
			expect(store.unread(ana, 0)).toBe(0);
			store.append(bob, 'message-of-bob', text('theirs'), 1);
			expect(store.unread(ana, 0)).toBe(1);
			expect(store.unread(bob, 0)).toBe(UNREAD_CAP);
			expect(store.unread(bob, 1_000)).toBe(201);
		}));
});
