import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { sql } from 'drizzle-orm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { UNREAD_CAP } from '#lib/chat/summary.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import * as archive from '#lib/server/archive.ts';
import type { Room } from '../room/room-object.ts';
import { RoomStore } from '../room/room-store.ts';
import { door } from '../session.ts';
import { join as joinRoom, text } from '../testing.ts';
import { Inbox } from './inbox-object.ts';
import { befriend, inboxOf, join } from './testing.ts';

const roomOf = (room: string): DurableObjectStub<Room> => env.ROOMS.getByName(room);
let said = 0;
const say = async (room: string, speaker: PersonId, words: string) => {
	const sent = await roomOf(room).send(speaker, `message-${++said}`, text(words));
	if (!sent.ok) throw new Error(sent.code);
	return sent.message;
};
const until = (check: () => Promise<void> | void) => vi.waitFor(check, { timeout: 8_000, interval: 25 });

// What waits for pauses of seconds takes seconds.
vi.setConfig({ testTimeout: 30_000 });
afterEach(() => {
	vi.useRealTimers();
	vi.restoreAllMocks();
});

describe('R3: the lines of two people', () => {
	test('show what is said in their room, on every page of both, and are cleared by reading', async () => {
		const { ana, bob, room } = await befriend();
		const [atAna, other, atBob] = [await join(ana), await join(ana), await join(bob)];
		await say(room, bob, 'hi ana');
		const line = {
			unread: 1,
			read: 0,
			last: { seq: 1, from: bob, preview: { kind: 'text', text: 'hi ana' } },
		};
		for (const tab of [atAna, other])
			expect((await tab.heard('row', ({ row }) => row.summary?.unread === 1)).row.summary).toMatchObject(
				line,
			);
		expect((await atBob.heard('row')).row.summary).toMatchObject({ ...line, unread: 0 });

		const inRoom = await joinRoom(room, ana);
		inRoom.say({ type: 'mark', read: 1 });
		for (const tab of [atAna, other]) await tab.heard('row', ({ row }) => row.summary?.unread === 0);
	});

	test('R1: a message is delivered when any tab has it, through the Inbox too', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(ana);
		const inRoom = await joinRoom(room, bob);
		await say(room, bob, 'hi');
		await tab.heard('row', ({ row }) => row.summary?.last?.seq === 1);
		tab.say({ type: 'delivered', rooms: [[room, 1]] });
		await until(() =>
			expect(inRoom.frames).toContainEqual(
				expect.objectContaining({ type: 'marks', person: ana, delivered: 1, read: 0 }),
			),
		);
	});

	test('M7: lose the text of a deleted message', async () => {
		const { ana, bob, room } = await befriend();
		const tab = await join(ana);
		const { id } = await say(room, bob, 'a secret');
		await tab.heard('row', ({ row }) => row.summary?.unread === 1);
		await roomOf(room).remove(bob, id);
		const { row } = await tab.heard('row', ({ row }) => row.summary?.unread === 0);
		expect(row.summary?.last?.preview).toEqual({ kind: 'deleted' });
		expect(JSON.stringify(await inboxOf(ana).snapshot())).not.toContain('secret');
	});

	test('count to a limit, however much was said', async () => {
		const { ana, bob, room } = await befriend();
		await say(room, bob, 'the first');
		await runInDurableObject(roomOf(room), (_, { storage }) => {
			storage.sql.exec(
				`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
				INSERT INTO messages (seq, speaker, id, at, body)
				SELECT i, ?, 'bulk-' || i, i, '{"kind":"text","text":"one of many"}' FROM n`,
				bob,
			);
		});
		await say(room, bob, 'the last');
		expect(await roomOf(room).summaryFor(ana)).toMatchObject({ unread: UNREAD_CAP, last: { seq: 20_001 } });
	});

	test('cost about two calls a second in a burst, and the last one is right', async () => {
		const { ana, bob, room } = await befriend();
		await inboxOf(ana).snapshot();
		const calls = vi.spyOn(Inbox.prototype, 'summary');
		const began = Date.now();
		for (let i = 0; i < 60; i++) await say(room, bob, `message ${i}`);
		await until(async () =>
			expect((await inboxOf(ana).snapshot()).rows[0]?.summary).toMatchObject({ unread: 60 }),
		);
		const halfSeconds = Math.ceil((Date.now() - began) / 500);
		// Two members.
		expect(calls.mock.calls.length).toBeGreaterThan(1);
		expect(calls.mock.calls.length).toBeLessThanOrEqual(2 * (halfSeconds + 2));
	});

	test('cost the fewer calls the longer those take', async () => {
		const { ana, bob, room } = await befriend();
		await inboxOf(ana).snapshot();
		const { summary } = Inbox.prototype;
		const calls = vi.spyOn(Inbox.prototype, 'summary').mockImplementation(async function (this: Inbox, row) {
			await new Promise((resolve) => setTimeout(resolve, 400));
			return summary.call(this, row);
		});
		const began = Date.now();
		for (let i = 0; i < 40; i++) {
			await say(room, bob, `message ${i}`);
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		await until(async () =>
			expect((await inboxOf(ana).snapshot()).rows[0]?.summary).toMatchObject({ unread: 40 }),
		);
		// 400 ms of telling, twice that for everything else, and the pause of half a second.
		const turns = Math.ceil((Date.now() - began) / 1_700);
		expect(calls.mock.calls.length).toBeGreaterThan(2);
		expect(calls.mock.calls.length).toBeLessThanOrEqual(2 * (turns + 1));
	});

	test('arrive later when the Inbox cannot be reached; the room goes on, through its own eviction', async () => {
		const { ana, bob, room } = await befriend();
		vi.spyOn(console, 'error').mockImplementation(() => {});
		const away = vi
			.spyOn(Inbox.prototype, 'summary')
			.mockRejectedValue(new Error('The object is overloaded.'));
		await say(room, bob, 'one');
		await until(() => expect(away).toHaveBeenCalled());
		await say(room, bob, 'two');
		away.mockRestore();
		await evictDurableObject(roomOf(room));
		await until(async () => {
			await runDurableObjectAlarm(roomOf(room));
			expect((await inboxOf(ana).snapshot()).rows[0]?.summary).toMatchObject({ unread: 2 });
		});
	});

	test('of somebody who is not there wake neither their tabs nor the database', async () => {
		const { ana, bob, room } = await befriend();
		await say(room, bob, 'hi');
		await until(async () =>
			expect(
				await runInDurableObject(inboxOf(ana), (_, { storage }) =>
					storage.sql.exec('SELECT * FROM summaries').toArray(),
				),
			).toHaveLength(1),
		);
		expect(await runInDurableObject(inboxOf(ana), (_, { storage }) => storage.getAlarm())).toBeNull();
		const asBob = await joinRoom(room, bob);
		asBob.say({ type: 'typing', what: 'text' });
		await asBob.settle();
		expect(await runInDurableObject(inboxOf(ana), (_, { storage }) => storage.getAlarm())).toBeNull();
	});
});

test('P1: a hint reaches the other, if they are there, and is stored nowhere', async () => {
	const { ana, bob, room } = await befriend();
	const [asAna, asBob] = [await joinRoom(room, ana), await joinRoom(room, bob)];
	asBob.say({ type: 'typing', what: 'voice' });
	expect(await asAna.next()).toEqual({ type: 'typing', person: bob, what: 'voice' });
	expect(await asBob.settle()).toEqual([]);
	expect((await roomOf(room).history(ana, {})).revision).toBe(0);
});

describe('A1: the archive', () => {
	const log = (room: string) =>
		runInDurableObject(roomOf(room), (_, { storage }) => new RoomStore(storage.sql).after(0, 1_000));
	const differences = async (room: string) =>
		archive.compare(room, await log(room), await archive.read(door(env).db, room, 0, 1_000));
	const failures = (room: string) =>
		runInDurableObject(roomOf(room), (_, { storage }) => new RoomStore(storage.sql).archive().failures);
	/** Lets the archive's pauses pass. */
	const caughtUp = (room: string) =>
		until(async () => {
			await runDurableObjectAlarm(roomOf(room));
			expect(await differences(room)).toEqual([]);
		});

	test('gets every message, and of a deleted one only that it was deleted', async () => {
		const { bob, ana, room } = await befriend();
		const first = await say(room, bob, 'a secret');
		await say(room, ana, 'and an answer');
		await caughtUp(room);
		await roomOf(room).remove(bob, first.id);
		expect(await differences(room)).toEqual([{ room, seq: 1, what: 'differs' }]);
		await caughtUp(room);
		const kept = await archive.read(door(env).db, room, 0, 10);
		expect(JSON.stringify(kept)).not.toContain('secret');
		// A batch that was on its way when the message was deleted does not bring the text back.
		await archive.write(door(env).db, room, [first]);
		expect(await archive.read(door(env).db, room, 0, 10)).toEqual(kept);
	});

	test('gets what is said while a read mark waits to be told', async () => {
		const { ana, bob, room } = await befriend();
		const kept = async () => (await archive.read(door(env).db, room, 0, 10)).length;
		const inRoom = await joinRoom(room, ana);
		for (const words of ['one', 'two']) await say(room, bob, words);
		await until(async () => expect(await kept()).toBe(2));
		inRoom.say({ type: 'mark', read: 1 });
		await until(async () =>
			expect((await inboxOf(ana).snapshot()).rows[0]?.summary).toMatchObject({ read: 1 }),
		);
		inRoom.say({ type: 'mark', read: 2 });
		await until(() =>
			expect(inRoom.frames).toContainEqual(expect.objectContaining({ person: ana, read: 2 })),
		);
		await say(room, ana, 'three');
		await until(async () => expect(await kept()).toBe(3));
	});

	test('is a minute without the database behind, while people talk and delete on, and then equal to the log', async () => {
		vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
		const { ana, bob, room } = await befriend();
		const early = await say(room, bob, 'an early secret');
		await say(room, ana, 'before');
		await caughtUp(room);
		vi.spyOn(console, 'error').mockImplementation(() => {});

		const real = globalThis.fetch;
		let asked = 0;
		// Some of what is asked arrives, and only its answer is lost.
		const down = vi.spyOn(globalThis, 'fetch').mockImplementation(async (...request) => {
			if (String(request[1]?.body).includes('insert into messages')) asked++;
			if (asked % 3 === 0) await real(...request);
			throw new TypeError('The network connection was lost.');
		});
		for (let second = 0; second < 60; second++) {
			const speaker = second % 2 === 0 ? ana : bob;
			for (let i = 0; i < 4; i++) await say(room, speaker, `${second} meanwhile ${i}`);
			const regretted = await say(room, speaker, `a secret of second ${second}`);
			if (second % 5 === 0) await roomOf(room).remove(speaker, regretted.id);
			if (second === 30) await roomOf(room).remove(bob, early.id);
			vi.setSystemTime(Date.now() + 1_000);
			await runDurableObjectAlarm(roomOf(room));
			await until(async () => expect(await failures(room)).toBe(asked));
		}
		// Tried again with growing pauses, and not with every message.
		expect(asked).toBe(5);

		down.mockRestore();
		expect(await differences(room)).not.toEqual([]);
		vi.setSystemTime(Date.now() + 5 * 60_000);
		await caughtUp(room);
		vi.useRealTimers();
		const said = await log(room);
		expect(said).toHaveLength(2 + 60 * 5);
		const kept = await archive.read(door(env).db, room, 0, 1_000);
		expect(kept.filter(({ body }) => body.kind === 'deleted')).toHaveLength(13);
		const words = JSON.stringify(kept);
		expect(words).toContain('a secret of second 1"');
		for (const gone of ['early', 'second 0"', 'second 55"']) expect(words).not.toContain(gone);
		const { rows } = await door(env).db.execute(
			sql`select extract(epoch from last_message_at) * 1000 as at from friendships where room = ${room}`,
		);
		expect(Number(rows[0]?.at)).toBe(said.at(-1)!.at);
	});
});
