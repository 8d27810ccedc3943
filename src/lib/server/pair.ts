import { sql, type SQL } from 'drizzle-orm';
import { parseRoomName, roomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import type { Db } from './db/client.ts';
import { time } from './db/time.ts';

/*
 * What can happen between two people happens in `db.batch([lock(…), …])`: one request and one transaction, whose first
 * statement waits for everybody else who is changing the same pair. Each statement after it sees what they left, so
 * none of them has to think of races.
 */

/** Waits until nobody else is changing this, and keeps others waiting until the transaction ends. */
export function lock(db: Db, name: string) {
	return db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
}

/**
 * Opens the room of two people, for the first time or again, when `invitation` deletes a row: exactly once, and with
 * the notice to the room in the same statement.
 * @param invitation a `delete from invitations … returning room`
 * @returns a query for `{ room }`, with a row when the room was opened
 */
export function open(db: Db, one: PersonId, other: PersonId, invitation: SQL, now: Date) {
	const members = parseRoomName(roomName(one, other))?.members;
	if (!members) throw new Error('These two cannot have a room.');
	return db.execute<{ room: RoomName }>(sql`
		with accepted as (${invitation}),
		opened as (
			insert into friendships as f (room, person_a, person_b, epoch, opened_at)
			select room, ${members[0]}, ${members[1]}, 1, ${time(now)} from accepted
			on conflict (room) do update set epoch = f.epoch + 1, opened_at = excluded.opened_at, ended_at = null
			where f.ended_at is not null
			returning f.room, f.epoch
		),
		told as (${notice(sql`opened`, true, now)})
		select room from opened
	`);
}

/** Ends a friendship that is open, with the notice to the room. Returns `{ room }` when it did. */
export function close(db: Db, room: RoomName, now: Date) {
	return db.execute<{ room: RoomName }>(sql`
		with closed as (
			update friendships set ended_at = ${time(now)}, epoch = epoch + 1
			where room = ${room} and ended_at is null
			returning room, epoch
		),
		told as (${notice(sql`closed`, false, now)})
		select room from closed
	`);
}

/** What `notices.deliver` will tell: the room how the friendship is now, and both Inboxes that it is another. */
function notice(changed: SQL, open: boolean, now: Date): SQL {
	return sql`
		insert into notices (target, name, payload, created_at)
		select 'room', room, jsonb_build_object('open', ${open}::boolean, 'epoch', epoch), ${time(now)} from ${changed}
		union all ${toInboxes(changed, now)}
	`;
}

/** Both Inboxes of every `room` in a query: something between the two is another than before. */
function toInboxes(changed: SQL, now: Date): SQL {
	return sql`select 'inbox', unnest(string_to_array(room, '_')), '{}'::jsonb, ${time(now)} from ${changed}`;
}

/**
 * A change of an invitation, with the notices to the Inboxes of both.
 * @param change a statement with `returning room`
 */
export function withNotices(db: Db, change: SQL, now: Date) {
	return db.execute<{ room: RoomName }>(sql`
		with changed as (${change}),
		told as (insert into notices (target, name, payload, created_at) ${toInboxes(sql`changed`, now)})
		select room from changed
	`);
}
