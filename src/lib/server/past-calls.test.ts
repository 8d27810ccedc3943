import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import type { Message } from '#lib/chat/message.ts';
import { roomName } from '#lib/chat/room-name.ts';
import * as archive from './archive.ts';
import * as friends from './friends.ts';
import * as invitations from './invitations.ts';
import * as pastCalls from './past-calls.ts';
import type { Me } from './people.ts';

let database: TestDatabase;
let ana: Me;
let bob: Me;
let eve: Me;
const start = new Date('2026-11-22T12:00:00Z');

beforeAll(async () => {
	database = await testDatabase();
	[ana, bob, eve] = [
		await addPerson(database.db, 'ana'),
		await addPerson(database.db, 'bob'),
		await addPerson(database.db, 'eve'),
	];
	for (const other of [bob, eve]) {
		await invitations.invite(database.db, ana.id, other.id, start);
		await invitations.accept(database.db, other.id, ana.id, start);
	}
});
afterAll(() => database.close());

const entry = (seq: number, from: string, minute: number, body: Message['body']): Message => ({
	seq,
	id: `entry-no-${seq}`,
	from,
	at: start.getTime() + minute * 60_000,
	revision: 0,
	body,
});
const call = (outcome: 'missed' | 'finished', duration = 0): Message['body'] => ({
	kind: 'call',
	call: 'video',
	outcome,
	duration,
});

test('K5: somebody’s calls are listed, newest first, with whom, and nobody else’s', async () => {
	const { db } = database;
	await archive.write(db, roomName(ana.id, bob.id), [
		entry(1, bob.id, 1, call('missed')),
		entry(2, ana.id, 2, { kind: 'text', text: 'sorry' }),
		entry(3, ana.id, 3, call('finished', 42_000)),
		entry(4, ana.id, 4, { kind: 'deleted' }),
	]);
	await archive.write(db, roomName(ana.id, eve.id), [entry(1, eve.id, 2, call('missed'))]);
	await friends.end(db, ana.id, roomName(ana.id, eve.id), start);

	const { calls, more } = await pastCalls.list(db, ana.id);
	expect(more).toBe(false);
	expect(calls.map(({ friend, mine, open, body }) => [friend.username, mine, open, body.outcome])).toEqual([
		[bob.username, true, true, 'finished'],
		[eve.username, false, false, 'missed'],
		[bob.username, false, true, 'missed'],
	]);
	expect(calls[0]).toMatchObject({ at: start.getTime() + 180_000, body: { duration: 42_000 } });

	const older = await pastCalls.list(db, ana.id, new Date(calls[0]!.at));
	expect(older.calls).toEqual(calls.slice(1));
	expect((await pastCalls.list(db, eve.id)).calls).toHaveLength(1);
	expect((await pastCalls.list(db, bob.id)).calls.map(({ mine }) => mine)).toEqual([false, true]);
});
