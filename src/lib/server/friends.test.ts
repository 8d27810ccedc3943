import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { roomName } from '#lib/chat/room-name.ts';
import { friendships, notices as table } from './db/schema.ts';
import * as friends from './friends.ts';
import * as invitations from './invitations.ts';
import * as notices from './notices.ts';
import type { Me } from './people.ts';

let database: TestDatabase;
let ana: Me;
let bob: Me;
let eve: Me;
let room: string;
beforeAll(async () => {
	database = await testDatabase();
	[ana, bob, eve] = [
		await addPerson(database.db, 'ana'),
		await addPerson(database.db, 'bob'),
		await addPerson(database.db, 'eve'),
	];
	room = roomName(ana.id, bob.id);
});
beforeEach(async () => {
	const { db } = database;
	await db.batch([db.delete(table), db.delete(friendships)]);
	await befriend(ana, bob, start);
});
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const asPerson = ({ id, username, name, about, avatar }: Me) => ({ id, username, name, about, avatar });

async function befriend(one: Me, other: Me, at: Date): Promise<void> {
	await invitations.invite(database.db, one.id, other.id, at);
	await invitations.accept(database.db, other.id, one.id, at);
}

/** Rooms and Inboxes that remember what they were told; those named in `deaf` cannot be reached. */
function fakeObjects(deaf: string[] = []) {
	const told: [string, object][] = [];
	const refreshed: string[] = [];
	return {
		told,
		refreshed,
		rooms: {
			getByName: (name: string) => ({
				async setStatus(status: object) {
					if (deaf.includes(name)) throw new Error('This room is overloaded.');
					told.push([name, status]);
				},
			}),
		},
		inboxes: { getByName: (name: string) => ({ refresh: async () => void refreshed.push(name) }) },
	} as unknown as Parameters<typeof notices.deliver>[1] & { told: typeof told; refreshed: string[] };
}

describe('list', () => {
	test('friends and former friends of both, in the order of becoming friends', async () => {
		const { db } = database;
		await befriend(eve, ana, after(60));
		await friends.end(db, ana.id, room, after(120));
		expect(await friends.list(db, ana.id)).toEqual([
			{ person: asPerson(bob), room, since: start, endedAt: after(120) },
			{ person: asPerson(eve), room: roomName(ana.id, eve.id), since: after(60), endedAt: null },
		]);
		expect((await friends.list(db, bob.id)).map(({ person }) => person.username)).toEqual(['ana']);
		expect((await friends.list(db, eve.id)).map(({ person }) => person.username)).toEqual(['ana']);
	});
});

describe('inRoom', () => {
	test('each of the two finds the other, by either name of the room', async () => {
		const { db } = database;
		const other = room.split('_').reverse().join('_');
		expect(await friends.inRoom(db, ana.id, room)).toEqual({ person: asPerson(bob), room, open: true });
		expect(await friends.inRoom(db, bob.id, room)).toEqual({ person: asPerson(ana), room, open: true });
		expect(await friends.inRoom(db, ana.id, other)).toEqual({ person: asPerson(bob), room, open: true });
	});

	test('a former friend finds it closed', async () => {
		const { db } = database;
		await friends.end(db, bob.id, room, after(60));
		expect(await friends.inRoom(db, ana.id, room)).toEqual({ person: asPerson(bob), room, open: false });
	});

	test("others' rooms, rooms of people who were never friends, and nonsense are none", async () => {
		const { db } = database;
		expect(await friends.inRoom(db, eve.id, room)).toBeNull();
		expect(await friends.inRoom(db, ana.id, roomName(ana.id, eve.id))).toBeNull();
		for (const nonsense of [
			'',
			'_',
			`${ana.id}_`,
			`${ana.id}_${ana.id}`,
			`${room}_${eve.id}`,
			"x' or 1=1",
			'\u0000',
		]) {
			expect(await friends.inRoom(db, ana.id, nonsense)).toBeNull();
		}
	});
});

describe('end', () => {
	test('either of the two can; twice is once', async () => {
		const { db } = database;
		await db.delete(table);
		expect(await friends.end(db, bob.id, room, after(60))).toEqual({ ok: true, room });
		expect(await friends.end(db, ana.id, room, after(120))).toEqual({ ok: true, room });
		expect(await friends.status(db, room)).toEqual({ open: false, epoch: 2 });
		expect((await friends.list(db, ana.id))[0]!.endedAt).toEqual(after(60));
		const toRooms = (await db.select().from(table)).filter(({ target }) => target === 'room');
		expect(toRooms.map(({ payload }) => payload)).toEqual([{ open: false, epoch: 2 }]);
	});

	test('nobody else can, nor what was never opened', async () => {
		const { db } = database;
		const GONE = { ok: false, code: 'gone' };
		expect(await friends.end(db, eve.id, room, start)).toEqual(GONE);
		expect(await friends.end(db, ana.id, roomName(ana.id, eve.id), start)).toEqual(GONE);
		expect(await friends.end(db, ana.id, 'nonsense', start)).toEqual(GONE);
		expect(await friends.status(db, room)).toEqual({ open: true, epoch: 1 });
		expect(await friends.status(db, roomName(ana.id, eve.id))).toBeNull();
	});

	test('a new yes opens the same room again, under a higher epoch', async () => {
		const { db } = database;
		await friends.end(db, ana.id, room, after(60));
		expect(await invitations.invite(db, bob.id, ana.id, after(120))).toEqual({
			ok: true,
			outcome: 'invited',
			room,
		});
		expect(await friends.status(db, room)).toEqual({ open: false, epoch: 2 });
		expect(await invitations.accept(db, ana.id, bob.id, after(180))).toEqual({ ok: true, room });
		expect(await friends.status(db, room)).toEqual({ open: true, epoch: 3 });
		expect(await friends.list(db, ana.id)).toEqual([
			{ person: asPerson(bob), room, since: after(180), endedAt: null },
		]);
	});
});

/** Notices of one invitation, and to both Inboxes of one change. */
const INVITED = 2;
const BOTH = 2;

describe('notices', () => {
	test('the room is told of every change, in order, both Inboxes too, and the notices are gone', async () => {
		const { db } = database;
		await friends.end(db, ana.id, room, after(60));
		const rooms = fakeObjects();
		expect(await notices.deliver(db, rooms)).toBe(2 + INVITED + 2 * BOTH);
		expect([...new Set(rooms.refreshed)].sort()).toEqual([ana.id, bob.id].sort());
		expect(rooms.told).toEqual([
			[room, { open: true, epoch: 1 }],
			[room, { open: false, epoch: 2 }],
		]);
		expect(await notices.deliver(db, rooms)).toBe(0);
		expect(rooms.told).toHaveLength(2);
	});

	test('after a change to one room, only that room is told', async () => {
		const { db } = database;
		await befriend(ana, eve, after(60));
		const rooms = fakeObjects();
		expect(await notices.deliver(db, rooms, roomName(ana.id, eve.id))).toBeGreaterThan(1);
		expect(rooms.told).toEqual([[roomName(ana.id, eve.id), { open: true, epoch: 1 }]]);
		expect((await db.select().from(table)).map(({ name }) => name)).toEqual(expect.arrayContaining([room]));
	});

	test('a room that cannot be told keeps nobody else waiting, and is told the next time', async () => {
		const { db } = database;
		await befriend(ana, eve, after(60));
		const failures: string[] = [];
		const deaf = fakeObjects([room]);
		await notices.deliver(db, deaf, undefined, (failed) => failures.push(failed));
		expect(deaf.told).toEqual([[roomName(ana.id, eve.id), { open: true, epoch: 1 }]]);
		expect(failures).toEqual([room]);
		const hearing = fakeObjects();
		expect(await notices.deliver(db, hearing)).toBe(1);
		expect(hearing.told).toEqual([[room, { open: true, epoch: 1 }]]);
	});

	test('a long row of rooms that cannot be told does not hide those behind it', async () => {
		const { db } = database;
		await db.delete(table);
		const payload = { open: true, epoch: 1 };
		await db
			.insert(table)
			.values(Array.from({ length: 250 }, () => ({ target: 'room', name: 'deaf', payload })));
		await db.insert(table).values({ target: 'room', name: room, payload });
		const rooms = fakeObjects(['deaf']);
		expect(await notices.deliver(db, rooms)).toBe(1);
		expect(rooms.told).toEqual([[room, payload]]);
	});
});
