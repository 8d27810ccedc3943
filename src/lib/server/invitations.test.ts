import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { roomName } from '#lib/chat/room-name.ts';
import { friendships, invitations as table, notices, people as peopleTable } from './db/schema.ts';
import * as friends from './friends.ts';
import * as invitations from './invitations.ts';
import { newId } from './ids.ts';
import * as people from './people.ts';
import type { Me } from './people.ts';

let database: TestDatabase;
let ana: Me;
let bob: Me;
let eve: Me;
let room: string;
beforeAll(async () => {
	database = await testDatabase();
	[ana, bob, eve] = [
		await addPerson(database.db, 'ana', { about: 'Plays the cello' }),
		await addPerson(database.db, 'bob', { invitationsSeenAt: start }),
		await addPerson(database.db, 'eve'),
	];
	room = roomName(ana.id, bob.id);
});
beforeEach(async () => {
	const { db } = database;
	await db.batch([db.delete(notices), db.delete(table), db.delete(friendships)]);
});
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const DAY = 24 * 60 * 60;
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);

const invite = (from: Me, to: Me, at = start) => invitations.invite(database.db, from.id, to.id, at);
const accept = (mine: Me, from: Me, at = start) => invitations.accept(database.db, mine.id, from.id, at);
const refuse = (mine: Me, from: Me, at = start) => invitations.refuse(database.db, mine.id, from.id, at);
const cancel = (mine: Me, to: Me, at = start) => invitations.cancel(database.db, mine.id, to.id, at);
const received = async (me: Me) =>
	(await invitations.received(database.db, me.id)).map(({ person }) => person.username);
const sent = async (me: Me) =>
	(await invitations.sent(database.db, me.id)).map(({ person }) => person.username);
const status = () => friends.status(database.db, room);
const standingNotices = () => database.db.select().from(notices).orderBy(notices.id);
const told = async () =>
	(await standingNotices())
		.filter(({ target }) => target === 'room')
		.map(({ target, name, payload }) => [target, name, payload]);
/** Whose Inbox is to be told since the last time this was asked. */
const inboxesTold = async () => {
	const all = await standingNotices();
	await database.db.delete(notices);
	return [...new Set(all.filter(({ target }) => target === 'inbox').map(({ name }) => name))].sort();
};
const asPerson = ({ id, username, name, about, avatar }: Me) => ({ id, username, name, about, avatar });
const relation = async (me: Me, other: Me) =>
	(await people.search(database.db, me.id, other.username)).find(({ id }) => id === other.id)?.relation;

const INVITED = () => ({ ok: true, outcome: 'invited', room });
const ACCEPTED = () => ({ ok: true, outcome: 'accepted', room });
const OK = () => ({ ok: true, room });
const GONE = { ok: false, code: 'gone' };

describe('invite', () => {
	test('the invited one sees it, with the inviter; the inviter sees that it waits', async () => {
		expect(await invite(ana, bob)).toEqual(INVITED());
		expect(await invitations.received(database.db, bob.id)).toEqual([
			{ person: asPerson(ana), room, at: start, unseen: false },
		]);
		expect(await invitations.sent(database.db, ana.id)).toEqual([{ person: asPerson(bob), room, at: start }]);
		expect([await received(ana), await sent(bob), await received(eve), await sent(eve)]).toEqual([
			[],
			[],
			[],
			[],
		]);
		expect([await relation(ana, bob), await relation(bob, ana), await relation(eve, ana)]).toEqual([
			'invited',
			'has_invited_you',
			'none',
		]);
		expect([await status(), await told()]).toEqual([null, []]);
	});

	test('twice is once', async () => {
		await invite(ana, bob);
		expect(await invite(ana, bob, after(60))).toEqual(INVITED());
		expect((await invitations.received(database.db, bob.id)).map(({ at }) => at)).toEqual([start]);
	});

	test('somebody who has invited me is accepted', async () => {
		await invite(bob, ana);
		expect(await invite(ana, bob, after(60))).toEqual(ACCEPTED());
		expect(await status()).toEqual({ open: true, epoch: 1 });
		expect(await told()).toEqual([['room', room, { open: true, epoch: 1 }]]);
		expect([await sent(bob), await received(ana), await sent(ana), await received(bob)]).toEqual([
			[],
			[],
			[],
			[],
		]);
	});

	test('nobody invites themselves, people who are not there, or friends', async () => {
		expect(await invite(ana, ana)).toEqual({ ok: false, code: 'self' });
		for (const id of [
			newId(),
			'',
			'x',
			"a' or 1=1",
			'A'.repeat(20),
			'a\u0000'.repeat(10),
			'a'.repeat(10_000),
		]) {
			expect(await invitations.invite(database.db, ana.id, id, start)).toEqual({
				ok: false,
				code: 'unknown_person',
			});
		}
		await invite(ana, bob);
		await accept(bob, ana);
		expect(await invite(ana, bob)).toEqual({ ok: false, code: 'already_friends' });
		expect(await invite(bob, ana)).toEqual({ ok: false, code: 'already_friends' });
	});

	test('somebody suspended can neither be invited nor befriended, and what they sent is not shown', async () => {
		await invite(eve, ana);
		expect(await received(ana)).toEqual(['eve']);
		const { db } = database;
		await db.update(peopleTable).set({ suspendedAt: start }).where(eq(peopleTable.id, eve.id));
		expect(await received(ana)).toEqual([]);
		expect(await invite(bob, eve)).toEqual({ ok: false, code: 'unknown_person' });
		expect(await invite(ana, eve)).toEqual({ ok: false, code: 'unknown_person' });
		expect(await accept(ana, eve)).toEqual(GONE);
		await db.update(peopleTable).set({ suspendedAt: null }).where(eq(peopleTable.id, eve.id));
		expect((await accept(ana, eve)).ok).toBe(true);
	});

	test('a hundred may stand at a time; those who have invited me are accepted beyond that', async () => {
		const { db } = database;
		const crowd = await Promise.all(
			Array.from({ length: 101 }, (_, i) => addPerson(db, `crowd-${i}-${newId(4)}`)),
		);
		for (const somebody of crowd.slice(0, 100)) expect((await invite(ana, somebody)).ok).toBe(true);
		expect(await invite(ana, crowd[100]!)).toEqual({ ok: false, code: 'too_many' });
		expect(await invite(ana, crowd[0]!)).toMatchObject({ ok: true, outcome: 'invited' });
		await invite(bob, ana);
		expect(await invite(ana, bob)).toEqual(ACCEPTED());
		await refuse(crowd[1]!, ana);
		expect(await invite(ana, crowd[100]!)).toEqual({ ok: false, code: 'too_many' });
		await cancel(ana, crowd[2]!);
		expect(await invite(ana, crowd[100]!)).toMatchObject({ ok: true, outcome: 'invited' });
		expect(await sent(ana)).toHaveLength(100);
	});
});

describe('accept', () => {
	test('the room opens, once, and the invitation is gone', async () => {
		await invite(ana, bob);
		expect(await accept(bob, ana, after(60))).toEqual(OK());
		expect(await friends.list(database.db, ana.id)).toEqual([
			{ person: asPerson(bob), room, since: after(60), endedAt: null },
		]);
		expect(await friends.list(database.db, bob.id)).toEqual([
			{ person: asPerson(ana), room, since: after(60), endedAt: null },
		]);
		expect([
			await received(bob),
			await sent(ana),
			await relation(ana, bob),
			await relation(bob, ana),
		]).toEqual([[], [], 'friend', 'friend']);
	});

	test('twice is once', async () => {
		await invite(ana, bob);
		await accept(bob, ana);
		expect(await accept(bob, ana)).toEqual(OK());
		expect(await status()).toEqual({ open: true, epoch: 1 });
		expect(await told()).toHaveLength(1);
	});

	test('only the invited one can, and only what stands', async () => {
		await invite(ana, bob);
		expect(await accept(ana, bob)).toEqual(GONE);
		expect(await accept(eve, ana)).toEqual(GONE);
		expect(await accept(bob, bob)).toEqual(GONE);
		expect(await invitations.accept(database.db, bob.id, "x' or 1=1", start)).toEqual(GONE);
		await cancel(ana, bob);
		expect(await accept(bob, ana)).toEqual(GONE);
		expect(await status()).toBeNull();
	});
});

test('both Inboxes hear of everything that happens between two people, and of nothing else', async () => {
	const both = [ana.id, bob.id].sort();
	for (const change of [
		() => invite(ana, bob),
		() => cancel(ana, bob),
		() => invite(ana, bob),
		() => refuse(bob, ana),
		() => invite(bob, ana),
		() => friends.end(database.db, ana.id, room, start),
	]) {
		await change();
		expect(await inboxesTold()).toEqual(both);
	}
	await accept(bob, ana);
	await refuse(bob, ana);
	expect(await inboxesTold()).toEqual([]);
});

describe('refuse', () => {
	test('is silent: it is gone for me, and waits for the inviter', async () => {
		await invite(ana, bob);
		expect(await refuse(bob, ana, after(60))).toEqual(OK());
		expect(await refuse(bob, ana, after(120))).toEqual(OK());
		expect(await received(bob)).toEqual([]);
		expect(await sent(ana)).toEqual(['bob']);
		expect([await relation(ana, bob), await relation(bob, ana)]).toEqual(['invited', 'none']);
		expect(await accept(bob, ana)).toEqual(GONE);
		expect([await status(), await told()]).toEqual([null, []]);
	});

	test('only the invited one can', async () => {
		await invite(ana, bob);
		expect(await refuse(ana, bob)).toEqual(GONE);
		expect(await refuse(eve, ana)).toEqual(GONE);
		expect(await received(bob)).toEqual(['ana']);
	});

	test('a refused one cannot be sent again for a week, whether it was taken back or not', async () => {
		await invite(ana, bob);
		await refuse(bob, ana, start);
		for (const day of [1, 2, 6.9]) {
			expect(await invite(ana, bob, after(day * DAY))).toEqual(INVITED());
			expect(await received(bob)).toEqual([]);
			await cancel(ana, bob, after(day * DAY));
			expect(await invite(ana, bob, after(day * DAY))).toEqual(INVITED());
			expect(await received(bob)).toEqual([]);
		}
		await cancel(ana, bob, after(7 * DAY));
		expect(await invite(ana, bob, after(7 * DAY))).toEqual(INVITED());
		expect((await invitations.received(database.db, bob.id)).map(({ at }) => at)).toEqual([after(7 * DAY)]);
	});

	test('one that still stands is sent anew after a week', async () => {
		await invite(ana, bob);
		await refuse(bob, ana, after(DAY));
		await invite(ana, bob, after(8 * DAY));
		expect((await invitations.received(database.db, bob.id)).map(({ at }) => at)).toEqual([after(8 * DAY)]);
	});

	test('whatever ana does, she sees the same whether bob has refused or has not looked', async () => {
		const deeds = [
			[invite, 0],
			[invite, 1],
			[cancel, 2],
			[invite, 3],
			[invite, 6],
			[cancel, 8],
			[invite, 9],
			[invite, 12],
			[invite, 17],
			[invite, 30],
		] as const;
		const seen = async (refusing: boolean) => {
			const { db } = database;
			await db.delete(table);
			const story: unknown[] = [];
			for (const [deed, day] of deeds) {
				story.push(
					await deed(ana, bob, after(day * DAY)),
					await invitations.sent(db, ana.id),
					await relation(ana, bob),
				);
				if (refusing) await refuse(bob, ana, after((day + 0.5) * DAY));
			}
			return story;
		};
		const unanswered = await seen(false);
		expect(await seen(true)).toEqual(unanswered);
	});

	test('whoever refused and then invites has said yes', async () => {
		await invite(ana, bob);
		await refuse(bob, ana);
		expect(await invite(bob, ana, after(60))).toEqual(ACCEPTED());
		expect(await status()).toEqual({ open: true, epoch: 1 });
	});

	test('whoever refused invites anew when it was taken back meanwhile', async () => {
		await invite(ana, bob);
		await refuse(bob, ana);
		await cancel(ana, bob);
		expect(await invite(bob, ana, after(60))).toEqual(INVITED());
		expect([await received(ana), await received(bob)]).toEqual([['bob'], []]);
		expect(await accept(ana, bob)).toEqual(OK());
	});
});

describe('cancel', () => {
	test('takes it back on both sides, and it can be sent again', async () => {
		await invite(ana, bob);
		expect(await cancel(ana, bob)).toEqual(OK());
		expect(await cancel(ana, bob)).toEqual(OK());
		expect([await received(bob), await sent(ana)]).toEqual([[], []]);
		expect(await refuse(bob, ana)).toEqual(GONE);
		expect(await invite(ana, bob, after(60))).toEqual(INVITED());
		expect(await received(bob)).toEqual(['ana']);
	});

	test('only the inviter can, and not after the yes', async () => {
		await invite(ana, bob);
		expect(await cancel(bob, ana)).toEqual(GONE);
		expect(await cancel(eve, bob)).toEqual(GONE);
		await accept(bob, ana);
		expect(await cancel(ana, bob)).toEqual(GONE);
		expect(await status()).toEqual({ open: true, epoch: 1 });
	});
});

describe('unseen', () => {
	test('counts what came since the list was looked at', async () => {
		const { db } = database;
		await invitations.markSeen(db, bob.id, after(1));
		await invite(ana, bob, after(2));
		await invite(eve, bob, after(4));
		expect(await invitations.unseen(db, bob.id)).toBe(2);
		await invitations.markSeen(db, bob.id, after(3));
		expect(await invitations.unseen(db, bob.id)).toBe(1);
		expect(
			(await invitations.received(db, bob.id)).map(({ person, unseen }) => [person.username, unseen]),
		).toEqual([
			['eve', true],
			['ana', false],
		]);
		await invitations.markSeen(db, bob.id, after(2)); // a slower page, read earlier
		expect(await invitations.unseen(db, bob.id)).toBe(1);
		await refuse(bob, eve, after(5));
		expect(await invitations.unseen(db, bob.id)).toBe(0);
		expect(await invitations.unseen(db, ana.id)).toBe(0);
	});
});
