import { and, count, desc, eq, gt, isNull, sql, type SQL } from 'drizzle-orm';
import { isPersonId, roomName, type PersonId, type RoomName } from '#lib/chat/room-name.ts';
import type { Db } from './db/client.ts';
import { invitations, people } from './db/schema.ts';
import { time } from './db/time.ts';
import * as pair from './pair.ts';
import { personColumns, type Person } from './person.ts';

/** So many invitations of one person may stand at a time. */
export const SENT_MAX = 100;
const RECEIVED_MAX = 200;
/** A refused invitation may not be sent again for so long. */
const COOL_DOWN = 7 * 24 * 60 * 60 * 1000;

export type Invited =
	| { ok: true; outcome: 'invited' | 'accepted'; room: RoomName }
	| { ok: false; code: 'self' | 'unknown_person' | 'already_friends' | 'too_many' };
export type Answered = { ok: true; room: RoomName } | { ok: false; code: 'gone' };

/**
 * Invites somebody, or accepts when they have invited me: even when I had refused that, for this is the yes. Inviting
 * twice is inviting once; after a week, or after taking it back, it is sent anew. One that was refused less than a week
 * ago stays refused then, and looks to its sender as if it were not.
 */
export async function invite(db: Db, meId: PersonId, otherId: PersonId, now: Date): Promise<Invited> {
	if (meId === otherId) return { ok: false, code: 'self' };
	if (!isPersonId(otherId)) return { ok: false, code: 'unknown_person' };
	const room = roomName(meId, otherId);
	const isThere = sql`exists (select from people where id = ${otherId} and suspended_at is null)`;
	const areFriends = sql`exists (select from friendships where room = ${room} and ended_at is null)`;
	const sentByMe = sql`from invitations where inviter_id = ${meId} and cancelled_at is null`;
	const isInvited = sql`exists (select ${sentByMe} and room = ${room})`;
	const theirs = sql`
		delete from invitations
		where room = ${room} and inviter_id = ${otherId} and cancelled_at is null and ${isThere}
		returning room
	`;
	const weekAgo = time(new Date(now.getTime() - COOL_DOWN));
	const isAnothers = sql`i.inviter_id <> ${meId}`;
	const isAnew = sql`(${isAnothers} or i.cancelled_at is not null or i.created_at <= ${weekAgo})`;
	const isForgiven = sql`(${isAnothers} or (${isAnew} and i.refused_at <= ${weekAgo}))`;

	const outcome = await db.batch([
		pair.lock(db, room),
		pair.lock(db, `sent by ${meId}`), // always the second lock, so that nobody waits in a circle
		pair.open(db, meId, otherId, theirs, now),
		pair.withNotices(
			db,
			sql`
			insert into invitations as i (room, inviter_id, invitee_id, created_at)
			select ${room}, ${meId}, ${otherId}, ${time(now)}
			where ${isThere} and not ${areFriends}
				and (${isInvited} or (select count(*) ${sentByMe}) < ${SENT_MAX})
			on conflict (room) do update set
				inviter_id = excluded.inviter_id,
				invitee_id = excluded.invitee_id,
				created_at = case when ${isAnew} then excluded.created_at else i.created_at end,
				refused_at = case when ${isForgiven} then null else i.refused_at end,
				cancelled_at = null
			returning room
		`,
			now,
		),
		db.execute<{ there: boolean; friends: boolean; invited: boolean }>(
			sql`select ${isThere} as there, ${areFriends} as friends, ${isInvited} as invited`,
		),
	]);
	const opened = outcome[2].rows.length > 0;
	const state = outcome[4].rows[0];
	if (opened) return { ok: true, outcome: 'accepted', room };
	if (!state?.there) return { ok: false, code: 'unknown_person' };
	if (state.friends) return { ok: false, code: 'already_friends' };
	return state.invited ? { ok: true, outcome: 'invited', room } : { ok: false, code: 'too_many' };
}

/** Says yes. Saying it twice, or after the other has accepted mine in the meantime, changes nothing and is no failure. */
export async function accept(db: Db, meId: PersonId, inviterId: PersonId, now: Date): Promise<Answered> {
	const room = roomOfPair(meId, inviterId);
	if (!room) return GONE;
	const received = sql`
		delete from invitations
		where room = ${room} and inviter_id = ${inviterId} and cancelled_at is null and refused_at is null
			and exists (select from people where id = ${inviterId} and suspended_at is null)
		returning room
	`;
	const [, , friends] = await db.batch([
		pair.lock(db, room),
		pair.open(db, meId, inviterId, received, now),
		db.execute(sql`select from friendships where room = ${room} and ended_at is null`),
	]);
	return friends.rowCount > 0 ? { ok: true, room } : GONE;
}

/** Says no, which the inviter is not told. Twice is once. */
export function refuse(db: Db, meId: PersonId, inviterId: PersonId, now: Date): Promise<Answered> {
	return mark(
		db,
		inviterId,
		meId,
		now,
		sql`refused_at = coalesce(refused_at, ${time(now)})`,
		sql`cancelled_at is null`,
	);
}

/** Takes my invitation back. Twice is once. */
export function cancel(db: Db, meId: PersonId, inviteeId: PersonId, now: Date): Promise<Answered> {
	return mark(db, meId, inviteeId, now, sql`cancelled_at = coalesce(cancelled_at, ${time(now)})`, sql`true`);
}

async function mark(
	db: Db,
	inviterId: PersonId,
	inviteeId: PersonId,
	now: Date,
	change: SQL,
	where: SQL,
): Promise<Answered> {
	const room = roomOfPair(inviterId, inviteeId);
	if (!room) return GONE;
	const [, marked] = await db.batch([
		pair.lock(db, room),
		pair.withNotices(
			db,
			sql`update invitations set ${change} where room = ${room} and inviter_id = ${inviterId} and ${where} returning room`,
			now,
		),
	]);
	return marked.rows.length > 0 ? { ok: true, room } : GONE;
}

const GONE = { ok: false, code: 'gone' } as const;

function roomOfPair(one: PersonId, other: PersonId): RoomName | null {
	return one !== other && isPersonId(one) && isPersonId(other) ? roomName(one, other) : null;
}

const isReceived = (meId: PersonId) =>
	and(
		eq(invitations.inviteeId, meId),
		isNull(invitations.cancelledAt),
		isNull(invitations.refusedAt),
		isNull(people.suspendedAt),
	);

/** The invitations I may answer, newest first; those that came since `markSeen` are unseen. */
export async function received(
	db: Db,
	meId: PersonId,
): Promise<{ person: Person; room: RoomName; at: Date; unseen: boolean }[]> {
	return db
		.select({
			person: personColumns,
			room: invitations.room,
			at: invitations.createdAt,
			unseen: sql<boolean>`${invitations.createdAt} > (select invitations_seen_at from people where id = ${meId})`,
		})
		.from(invitations)
		.innerJoin(people, eq(people.id, invitations.inviterId))
		.where(isReceived(meId))
		.orderBy(desc(invitations.createdAt), invitations.room)
		.limit(RECEIVED_MAX);
}

/** My invitations that stand, newest first, those that were refused among them: refusing is silent. */
export async function sent(db: Db, meId: PersonId): Promise<{ person: Person; room: RoomName; at: Date }[]> {
	return db
		.select({ person: personColumns, room: invitations.room, at: invitations.createdAt })
		.from(invitations)
		.innerJoin(people, eq(people.id, invitations.inviteeId))
		.where(and(eq(invitations.inviterId, meId), isNull(invitations.cancelledAt)))
		.orderBy(desc(invitations.createdAt), invitations.room)
		.limit(SENT_MAX);
}

/** How many invitations came since `markSeen`. */
export async function unseen(db: Db, meId: PersonId): Promise<number> {
	const [row] = await db
		.select({ count: count() })
		.from(invitations)
		.innerJoin(people, eq(people.id, invitations.inviterId))
		.where(
			and(
				isReceived(meId),
				gt(invitations.createdAt, sql`(select invitations_seen_at from people where id = ${meId})`),
			),
		);
	return row?.count ?? 0;
}

/** @param now when the list that was shown was read: what came after that stays unseen */
export async function markSeen(db: Db, meId: PersonId, now: Date): Promise<void> {
	await db
		.update(people)
		.set({ invitationsSeenAt: sql`greatest(${people.invitationsSeenAt}, ${time(now)})` })
		.where(eq(people.id, meId));
}
