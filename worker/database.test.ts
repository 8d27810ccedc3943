import { env } from 'cloudflare:workers';
import { createScheduledController, evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { CLOSE } from '#lib/chat/protocol.ts';
import { roomName } from '#lib/chat/room-name.ts';
import * as friends from '#lib/server/friends.ts';
import * as invitations from '#lib/server/invitations.ts';
import { isPrepared } from './room/room-schema.ts';
import { door } from './session.ts';
import worker from './test-entry.ts';
import { join, register, text, withoutDatabase } from './testing.ts';

afterEach(() => vi.restoreAllMocks());

let pairs = 0;
async function befriend() {
	const { db } = door(env);
	pairs++;
	const [ana, bob] = [await register(`ana${pairs}`), await register(`bob${pairs}`)];
	await invitations.invite(db, ana.id, bob.id, new Date());
	const accepted = await invitations.accept(db, bob.id, ana.id, new Date());
	if (!accepted.ok) throw new Error('not accepted');
	return { ana: ana.id, bob: bob.id, room: accepted.room };
}

const sweep = () => worker.scheduled(createScheduledController(), env);

test('a room that was told nothing asks the database once, and never again', async () => {
	const { ana, bob, room } = await befriend();
	const asked = vi.spyOn(globalThis, 'fetch');
	await join(room, ana);
	expect(asked).toHaveBeenCalledTimes(1);
	asked.mockRestore();
	const refused = withoutDatabase();
	await join(room, bob);
	expect(await env.ROOMS.getByName(room).send(bob, 'from-then-on', text('hi'))).toMatchObject({ ok: true });
	expect(refused).not.toHaveBeenCalled();
});

test('a room of two people who are no friends is not there, and asking leaves nothing behind', async () => {
	const [ana, eve] = [await register('ana-alone'), await register('eve-alone')];
	const room = roomName(ana.id, eve.id);
	await expect(join(room, eve.id)).rejects.toThrow('404');
	await runInDurableObject(env.ROOMS.getByName(room), (_, { storage }) => {
		expect(isPrepared(storage.sql)).toBe(false);
	});
});

test('D4: a friendship that ended before the room was ever opened does not open', async () => {
	const { ana, room } = await befriend();
	await friends.end(door(env).db, ana, room, new Date());
	await expect(join(room, ana)).rejects.toThrow('403');
});

test('D4: the sweep tells a room of an end that nobody told it of, and its sockets close', async () => {
	const { ana, bob, room } = await befriend();
	await sweep();
	const tab = await join(room, bob);
	await friends.end(door(env).db, ana, room, new Date());
	await sweep();
	expect(await tab.closed).toEqual({ code: CLOSE.friendship_ended.code, reason: 'friendship_ended' });
	await sweep();
	await expect(join(room, bob)).rejects.toThrow('403');
});

test('a room that cannot be told is logged, and keeps no other from being told', async () => {
	const [one, other] = [await befriend(), await befriend()];
	await sweep();
	const tab = await join(other.room, other.ana);
	for (const { ana, room } of [one, other]) await friends.end(door(env).db, ana, room, new Date());
	await runInDurableObject(env.ROOMS.getByName(one.room), (_, { storage }) => {
		storage.sql.exec('ALTER TABLE status RENAME TO elsewhere');
	});
	const lines: string[] = [];
	vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
	await evictDurableObject(env.ROOMS.getByName(one.room));
	await sweep();
	expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ event: 'notice_failed', target: one.room }]);
	expect((await tab.closed).code).toBe(CLOSE.friendship_ended.code);
	await runInDurableObject(env.ROOMS.getByName(one.room), (_, { storage }) => {
		storage.sql.exec('ALTER TABLE elsewhere RENAME TO status');
	});
	await sweep();
	await expect(join(one.room, one.ana)).rejects.toThrow('403');
});

test('a sweep that cannot reach the database says so in the log, and the next one does the work', async () => {
	const { ana, room } = await befriend();
	await sweep();
	await join(room, ana);
	await friends.end(door(env).db, ana, room, new Date());
	const lines: string[] = [];
	vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
	withoutDatabase();
	await sweep();
	expect(lines.map((line) => JSON.parse(line).event)).toEqual(['notices_failed']);
	vi.restoreAllMocks();
	await sweep();
	await expect(join(room, ana)).rejects.toThrow('403');
});
