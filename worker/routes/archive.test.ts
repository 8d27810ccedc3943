import { env } from 'cloudflare:workers';
import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { expect, test, vi } from 'vitest';
import { sql } from 'drizzle-orm';
import type { Compared } from '#lib/server/archive-check.ts';
import { signTask } from '#lib/server/operator-token.ts';
import { signAccess } from '#lib/server/access-token.ts';
import { PAGE_MAX } from '#lib/chat/limits.ts';
import { befriend } from '../inbox/testing.ts';
import { door } from '../session.ts';
import worker from '../test-entry.ts';
import { ORIGIN, text } from '../testing.ts';

const { db, config } = door(env);
const ask = (token: string | undefined, body: unknown = {}) =>
	worker.fetch(
		new Request(`${ORIGIN}/operator/archive`, {
			method: 'POST',
			headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
			body: JSON.stringify(body),
		}),
		env,
		createExecutionContext(),
	);
const token = () => signTask(config.sessionSecret, 'archive:verify', new Date());
const compare = async (body: unknown): Promise<Compared> => (await ask(await token(), body)).json();
const caughtUp = (room: string) =>
	vi.waitFor(
		async () => {
			await runDurableObjectAlarm(env.ROOMS.getByName(room));
			expect((await compare({ only: room })).differences).toEqual([]);
		},
		{ timeout: 8_000, interval: 25 },
	);

test('the operator hears where a log and the archive differ, and nobody else anything', async () => {
	const { ana, bob, room } = await befriend();
	const object = env.ROOMS.getByName(room);
	for (const [who, words] of [
		[ana, 'one'],
		[bob, 'two'],
		[ana, 'three'],
	] as const)
		await object.send(who, `message-${words}`, text(words));
	await caughtUp(room);
	expect(await compare({ only: room })).toEqual({ rooms: 1, entries: 3, differences: [], next: null });

	await db.execute(sql`delete from messages where room = ${room} and seq = 1`);
	await db.execute(
		sql`update messages set body = '{"kind":"text","text":"2"}' where room = ${room} and seq = 2`,
	);
	await db.execute(sql`
		insert into messages (room, seq, id, speaker, at, revision, body)
		select room, 9, 'message-nine', speaker, at, 0, body from messages where room = ${room} and seq = 3
	`);
	expect((await compare({ only: room })).differences).toEqual([
		{ room, seq: 1, what: 'missing' },
		{ room, seq: 2, what: 'differs' },
		{ room, seq: 9, what: 'extra' },
	]);

	const who = { person: ana, session: 'session1', username: 'ana' };
	const { access } = await signAccess(config.sessionSecret, who, new Date());
	const old = await signTask(config.sessionSecret, 'archive:verify', new Date(Date.now() - 3_600_000));
	const foreign = await signTask(new TextEncoder().encode('x'.repeat(40)), 'archive:verify', new Date());
	for (const wrong of [undefined, '', 'nonsense', access, old, foreign]) {
		const answer = await ask(wrong, { only: room });
		expect(answer.status).toBe(401);
		expect(await answer.text()).not.toContain(room);
	}
	const malformed = await ask(await token(), { from: { room: 3 } });
	expect(malformed.status).toBe(400);
});

test('every room is compared, however many there are and however long they are', async () => {
	const { bob, room } = await befriend();
	const object = env.ROOMS.getByName(room);
	await object.send(bob, 'message-first', text('the first'));
	await caughtUp(room);
	const length = 42 * PAGE_MAX;
	await runInDurableObject(object, (_, { storage }) => {
		storage.sql.exec(
			`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ${length})
			INSERT INTO messages (seq, speaker, id, at, body)
			SELECT i, ?, 'bulk-' || i, i, '{"kind":"text","text":"one of many"}' FROM n`,
			bob,
		);
	});
	const stranger = sql`'many' || lpad(i::text, 4, '0')`;
	await db.execute(sql`
		insert into people (id, username, email, password_hash, name, searchable)
		select ${stranger}, ${stranger}, ${stranger} || '@kith.test', '', ${stranger}, ${stranger} from generate_series(1, 90) i
	`);
	await db.execute(sql`
		insert into friendships (room, person_a, person_b)
		select a.id || '_' || b.id, a.id, b.id from people a join people b
			on b.id = 'many' || lpad((substr(a.id, 5)::int + 45)::text, 4, '0') where a.id ~ '^many00[0-4]'
	`);
	const { rows } = await db.execute(sql`select count(*)::int as rooms from friendships`);
	let [rooms, missing, calls] = [0, 0, 0];
	for (let from: Compared['next'] | undefined; from !== null; calls++) {
		const part: Compared = await compare({ from });
		rooms += part.rooms;
		missing += part.differences.filter((one) => one.room === room && one.what === 'missing').length;
		from = part.next;
	}
	expect(rows[0]!.rooms).toBeGreaterThan(40);
	expect(rooms).toBe(rows[0]!.rooms);
	expect(missing).toBe(length - 1);
	expect(calls).toBeGreaterThan(2);
});
