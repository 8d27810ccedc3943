import { and, eq, isNull } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { roomName } from '#lib/chat/room-name.ts';
import * as attempts from './attempts.ts';
import {
	friendships,
	invitations as invitationsTable,
	notices,
	people as peopleTable,
	sessions as sessionsTable,
} from './db/schema.ts';
import * as friends from './friends.ts';
import * as invitations from './invitations.ts';
import * as passwords from './passwords.ts';
import * as people from './people.ts';
import type { Me } from './people.ts';
import * as sessions from './sessions.ts';

/*
 * What happens when many do the same at once. PGlite runs one query at a time, so that only a PostgreSQL server
 * (TEST_DATABASE_URL) shows whether the statements keep out of each other's way.
 */

let database: TestDatabase;
let ana: Me;
let bob: Me;
let room: string;
beforeAll(async () => {
	database = await testDatabase();
	console.log(
		database.kind === 'postgres'
			? 'The races ran on a PostgreSQL server.'
			: 'The races ran on PGlite only, one query at a time. Set TEST_DATABASE_URL to run them on a PostgreSQL server.',
	);
	[ana, bob] = [await addPerson(database.db, 'ana'), await addPerson(database.db, 'bob')];
	room = roomName(ana.id, bob.id);
});
beforeEach(async () => {
	const { db } = database;
	await db.batch([
		db.delete(notices),
		db.delete(invitationsTable),
		db.delete(friendships),
		db.delete(sessionsTable),
	]);
});
afterAll(() => database.close());

const start = new Date('2026-11-22T12:00:00Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const ROUNDS = 10;

/** Runs all at once, as often as said, in no particular order. */
function atOnce<Outcome>(times: number, ...doings: (() => Promise<Outcome>)[]): Promise<Outcome[]> {
	const calls = doings.flatMap((doing) => Array.from({ length: times }, () => doing));
	for (let i = calls.length - 1; i > 0; i--) {
		const j = Math.floor(Math.random() * (i + 1));
		[calls[i], calls[j]] = [calls[j]!, calls[i]!];
	}
	return Promise.all(calls.map((call) => call()));
}

const tally = (outcomes: string[]) =>
	outcomes.reduce<Record<string, number>>(
		(counts, outcome) => ({ ...counts, [outcome]: (counts[outcome] ?? 0) + 1 }),
		{},
	);

const invite = (from: Me, to: Me) => async () => {
	const invited = await invitations.invite(database.db, from.id, to.id, start);
	return invited.ok ? invited.outcome : invited.code;
};
const answer = (verb: 'accept' | 'refuse' | 'cancel', me: Me, other: Me) => async () => {
	const answered = await invitations[verb](database.db, me.id, other.id, start);
	return answered.ok ? verb : answered.code;
};
const end = (me: Me) => async () => {
	const ended = await friends.end(database.db, me.id, room, start);
	return ended.ok ? 'end' : ended.code;
};
const standing = () =>
	database.db
		.select()
		.from(invitationsTable)
		.where(and(eq(invitationsTable.room, room), isNull(invitationsTable.cancelledAt)));
const told = async () =>
	(await database.db.select().from(notices).where(eq(notices.name, room)).orderBy(notices.id)).map(
		({ payload }) => payload,
	);

/** The notices tell every epoch once, open and closed in turns, and the last one is how things are. */
async function expectOneStory(): Promise<void> {
	const status = await friends.status(database.db, room);
	const story = await told();
	expect(story).toEqual(
		Array.from({ length: status?.epoch ?? 0 }, (_, i) => ({ open: i % 2 === 0, epoch: i + 1 })),
	);
	if (status) expect(status).toEqual(story.at(-1));
	if (status?.open) expect(await standing()).toEqual([]);
	expect((await standing()).length).toBeLessThanOrEqual(1);
}

async function clear(): Promise<void> {
	const { db } = database;
	await db.batch([db.delete(notices), db.delete(invitationsTable), db.delete(friendships)]);
}

describe('invitations', () => {
	test('however often ana invites bob at once, there is one invitation', async () => {
		expect(tally(await atOnce(20, invite(ana, bob)))).toEqual({ invited: 20 });
		expect(await standing()).toHaveLength(1);
		await expectOneStory();
	});

	test('when both invite each other at once, they become friends, once', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			await clear();
			const outcomes = tally(await atOnce(10, invite(ana, bob), invite(bob, ana)));
			expect(outcomes.accepted).toBe(1);
			expect((outcomes.invited ?? 0) + (outcomes.already_friends ?? 0)).toBe(19);
			expect(await friends.status(database.db, room)).toEqual({ open: true, epoch: 1 });
			await expectOneStory();
		}
	});

	test('however often bob accepts at once, the room opens once', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			await clear();
			await invite(ana, bob)();
			expect(tally(await atOnce(20, answer('accept', bob, ana)))).toEqual({ accept: 20 });
			expect(await friends.status(database.db, room)).toEqual({ open: true, epoch: 1 });
			await expectOneStory();
		}
	});

	test('of a yes and a no at once, one holds', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			await clear();
			await invite(ana, bob)();
			const outcomes = tally(await atOnce(5, answer('accept', bob, ana), answer('refuse', bob, ana)));
			expect([
				{ accept: 5, gone: 5 },
				{ refuse: 5, gone: 5 },
			]).toContainEqual(outcomes);
			expect((await friends.status(database.db, room))?.open ?? false).toBe('accept' in outcomes);
			expect(await standing()).toHaveLength('accept' in outcomes ? 0 : 1);
			await expectOneStory();
		}
	});

	test('of a yes and a taking back at once, one holds', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			await clear();
			await invite(ana, bob)();
			const outcomes = tally(await atOnce(5, answer('accept', bob, ana), answer('cancel', ana, bob)));
			expect([
				{ accept: 5, gone: 5 },
				{ cancel: 5, gone: 5 },
			]).toContainEqual(outcomes);
			expect((await friends.status(database.db, room))?.open ?? false).toBe('accept' in outcomes);
			expect(await standing()).toEqual([]);
			await expectOneStory();
		}
	});

	test('however often both end it at once, it ends once', async () => {
		await invite(ana, bob)();
		await answer('accept', bob, ana)();
		expect(tally(await atOnce(10, end(ana), end(bob)))).toEqual({ end: 20 });
		expect(await friends.status(database.db, room)).toEqual({ open: false, epoch: 2 });
		await expectOneStory();
	});

	test('whatever both do at once, in whatever order, the room is told one story', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			await atOnce(
				3,
				...[invite(ana, bob), invite(bob, ana), answer('accept', bob, ana), answer('accept', ana, bob)],
				...[answer('refuse', bob, ana), answer('refuse', ana, bob), answer('cancel', ana, bob)],
				...[answer('cancel', bob, ana), end(ana), end(bob)],
			);
			await expectOneStory();
		}
	});

	test('many pairs at once, everybody with everybody, wait for each other in no circle', async () => {
		const crowd = await Promise.all(
			Array.from({ length: 8 }, (_, i) => addPerson(database.db, `crowd-${i}`)),
		);
		const pairs = crowd.flatMap((one) =>
			crowd.filter((other) => other !== one).map((other) => invite(one, other)),
		);
		const outcomes = tally(await atOnce(2, ...pairs));
		expect(outcomes.accepted).toBe(28);
		expect(await database.db.select().from(friendships)).toHaveLength(28);
	});

	test('however many are invited at once, a hundred stand', async () => {
		const { db } = database;
		const crowd = await Promise.all(Array.from({ length: 120 }, (_, i) => addPerson(db, `guest-${i}`)));
		const outcomes = tally(await atOnce(1, ...crowd.map((guest) => invite(ana, guest))));
		expect(outcomes).toEqual({ invited: 100, too_many: 20 });
		expect(await invitations.sent(db, ana.id)).toHaveLength(100);
	});
});

describe('sessions', () => {
	const renew = (token: string, at: Date) => () => sessions.renew(database.db, database.config, token, at);
	const open = () => sessions.open(database.db, database.config, ana.id, 'Firefox', start);
	const kinds = (renewals: sessions.Renewal[]) => tally(renewals.map(({ kind }) => kind));
	const winner = (renewals: sessions.Renewal[]) =>
		renewals.find((renewal) => renewal.kind === 'rotated')!.tokens.refresh;

	test('of twenty requests with one refresh token, one changes it and none is logged out', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			const first = await open();
			const renewals = await atOnce(20, renew(first.refresh, after(600)));
			expect(kinds(renewals)).toEqual({ rotated: 1, access_only: 19 });
			expect((await renew(winner(renewals), after(1200))()).kind).toBe('rotated');
		}
	});

	test('after a lost answer, of twenty requests with the old token, one gets the next', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			const first = await open();
			await renew(first.refresh, after(600))();
			const renewals = await atOnce(20, renew(first.refresh, after(1200)));
			expect(kinds(renewals)).toEqual({ rotated: 1, access_only: 19 });
			expect((await renew(winner(renewals), after(1800))()).kind).toBe('rotated');
		}
	});

	test('an old token that comes back ends the session, whatever else happens at the moment', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			const first = await open();
			const second = winner([await renew(first.refresh, after(600))()]);
			const third = winner([await renew(second, after(1200))()]);
			await atOnce(5, renew(first.refresh, after(1800)), renew(third, after(1800)));
			expect(await sessions.list(database.db, ana.id)).toEqual([]);
		}
	});

	test('logging out wins over any renewal', async () => {
		for (let round = 0; round < ROUNDS; round++) {
			const { refresh, session } = await open();
			await atOnce<unknown>(3, renew(refresh, after(600)), () => sessions.end(database.db, session));
			expect((await renew(refresh, after(660))()).kind).toBe('ended');
			expect(await database.db.select().from(sessionsTable)).toEqual([]);
		}
	});
});

describe('accounts', () => {
	test('of many who register the same name at once, whatever its case, one has it', async () => {
		const registered = await Promise.all(
			['eve', 'Eve', 'EVE', 'eVe', 'evE', 'eve'].map((username, i) =>
				people.register(
					database.db,
					{ username, email: `${i}@example.org`, password: 'brass lantern' },
					start,
				),
			),
		);
		expect(registered.filter(({ ok }) => ok)).toHaveLength(1);
		for (const one of registered) if (!one.ok) expect(one.fields).toEqual({ username: 'taken' });
	});

	test('a form that is sent twice makes one account', async () => {
		const form = { username: 'gil', email: 'gil@example.org', password: 'brass lantern' };
		const registered = await atOnce(4, () => people.register(database.db, form, start));
		expect(registered.filter(({ ok }) => ok)).toHaveLength(1);
	});

	test('of two new passwords at once, one holds', async () => {
		const passwordHash = await passwords.hash('brass lantern');
		const hal = await addPerson(database.db, 'hal', { passwordHash });
		const wanted = ['seven copper kettles', 'nine tin whistles'];
		const changed = await Promise.all(
			wanted.map((next) =>
				people.changePassword(
					database.db,
					database.config,
					{ person: hal.id, session: 'none' },
					{ current: 'brass lantern', next },
					start,
				),
			),
		);
		expect(changed.map(({ ok }) => ok).sort()).toEqual([false, true]);
		const [row] = await database.db.select().from(peopleTable).where(eq(peopleTable.id, hal.id));
		expect(await passwords.verify(wanted[changed.findIndex(({ ok }) => ok)]!, row!.passwordHash)).toBe(true);
	});

	test('of fifty attempts at once, as many get through as may', async () => {
		const limit = { max: 10, windowSeconds: 60 };
		const taken = await atOnce(50, () => attempts.take(database.db, 'race', limit, start));
		expect(taken.filter(({ ok }) => ok)).toHaveLength(10);
	});
});
