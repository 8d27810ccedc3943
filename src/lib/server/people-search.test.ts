import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { roomName } from '#lib/chat/room-name.ts';
import { people as table } from './db/schema.ts';
import * as invitations from './invitations.ts';
import { search, type Me } from './people.ts';

let database: TestDatabase;
let ana: Me;
beforeAll(async () => {
	database = await testDatabase();
	const { db } = database;
	ana = await addPerson(db, 'ana.k', { name: 'Ana Kovač' });
	for (const [username, name] of [
		['miranda', 'Miranda Lopez'],
		['mirandola', 'Pico'],
		['lopez.maria', 'Maria'],
		['jose', 'José Álvarez'],
		['john', 'John Smith'],
		['jean', 'Jean Martin'],
		['alexander', 'Alexander the Great'],
		['xenia', 'Жанна Іванова'],
		['yuki', '田中 由紀'],
		['smiley', '🦊 Fox'],
		['under', 'a_b 100%'],
		['zz1', 'Aab'],
	] as const) {
		await addPerson(db, username, { name });
	}
	for (let i = 0; i < 30; i++) await addPerson(db, `many-${i}`, { name: `Many People ${i}` });
});
afterAll(() => database.close());

const found = async (query: string) =>
	(await search(database.db, ana.id, query)).map(({ username }) => username);

describe('search finds', () => {
	test.each([
		['miranda', ['miranda', 'mirandola']],
		['MIRANDA', ['miranda', 'mirandola']],
		['@miranda', ['miranda', 'mirandola']],
		['  miranda  lopez ', ['miranda']],
		['miran', ['miranda', 'mirandola']],
		['mirandol', ['mirandola', 'miranda']],
		['mirnada', ['miranda']],
		['mirarda', ['miranda']],
		['mirada', ['miranda']],
		['mirrand', ['miranda', 'mirandola']],
		['lopez', ['lopez.maria', 'miranda']],
		['maria', ['lopez.maria']],
		['lopez.m', ['lopez.maria']],
		['jose', ['jose']],
		['josé', ['jose']],
		['JOSÉ ALV', ['jose']],
		['jhon', ['john']],
		['jon smith', ['john']],
		['jonh', ['john']],
		['smiht', ['john']],
		['alexnader', ['alexander']],
		['aleksander', ['alexander']],
		['жан', ['xenia']],
		['田', ['yuki']],
		['🦊', []],
		['fox', ['smiley']],
		['j', ['jean', 'john', 'jose']],
		['a_', ['under']],
		['100%', ['under']],
		['%', []],
		['_', []],
		['\\', []],
		['*', []],
		['', []],
		['   ', []],
		['@', []],
		['\u0000', []],
		['\ud800', []],
		['nobody at all', []],
		["' or 1=1 --", []],
		['x'.repeat(10_000), []],
		['(', []],
		['[a-z]+', []],
		['j.*n', []],
	])('for %j: %j', async (query, usernames) => {
		expect(await found(query)).toEqual(usernames);
	});

	test('at most twenty', async () => {
		expect(await found('many')).toHaveLength(20);
	});

	test('the exact username first of all, then usernames, then names', async () => {
		const { db } = database;
		for (const [username, name] of [
			['rosalind', 'x'],
			['w1', 'Rosa Parks'],
			['rosa', 'y'],
			['rosanna', 'Rosa'],
			['rossa', 'z'],
		] as const) {
			await addPerson(db, username, { name });
		}
		expect(await found('rosa')).toEqual(['rosa', 'rosanna', 'rosalind', 'w1', 'rossa']);
	});

	test('never oneself, and nobody suspended', async () => {
		const { db } = database;
		const tom = await addPerson(db, 'tomtom');
		expect(await found('tomtom')).toEqual(['tomtom']);
		expect(await search(db, tom.id, 'tomtom')).toEqual([]);
		await db.update(table).set({ suspendedAt: new Date() }).where(eq(table.id, tom.id));
		expect(await found('tomtom')).toEqual([]);
	});
});

test('each is found with the relation and the room', async () => {
	const { db } = database;
	const now = new Date();
	const [none, invited, inviting, friend, former] = [
		await addPerson(db, 'relation.a'),
		await addPerson(db, 'relation.b', { about: 'Sings' }),
		await addPerson(db, 'relation.c'),
		await addPerson(db, 'relation.d'),
		await addPerson(db, 'relation.e'),
	];
	await invitations.invite(db, ana.id, invited.id, now);
	await invitations.invite(db, inviting.id, ana.id, now);
	await invitations.invite(db, friend.id, ana.id, now);
	await invitations.accept(db, ana.id, friend.id, now);
	await invitations.invite(db, ana.id, none.id, now);
	await invitations.cancel(db, ana.id, none.id, now);
	await invitations.invite(db, former.id, invited.id, now);
	expect(await search(db, ana.id, 'relation')).toEqual(
		(
			[
				[none, 'none'],
				[invited, 'invited'],
				[inviting, 'has_invited_you'],
				[friend, 'friend'],
				[former, 'none'],
			] as const
		).map(([{ id, username, name, about, avatar }, relation]) => ({
			id,
			username,
			name,
			about,
			avatar,
			relation,
			room: roomName(ana.id, id),
		})),
	);
});
