import { sql } from 'drizzle-orm';
import * as v from 'valibot';
import type { Db } from './db/client.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const person = v.object({
	id: v.string(),
	username: v.string(),
	name: v.string(),
	avatar: v.nullable(v.string()),
});

const roster = v.object({
	/** Every friendship there is or was. */
	friendships: v.array(
		v.object({
			room: v.string(),
			friend: person,
			open: v.boolean(),
			/** When it was last opened, ms since 1970. */
			since: count,
			muted: v.boolean(),
		}),
	),
	/** Those that stand: made by the person, or made to them and not refused. */
	invitations: v.array(v.object({ person, room: v.string(), mine: v.boolean() })),
	/** Received ones that were not looked at yet. */
	unseen: count,
});
/** What Postgres says about a person that their Inbox shows. */
export type Roster = v.InferOutput<typeof roster>;

/** Reads all of it in one statement, so that it is of one moment. */
export async function read(db: Db, me: string): Promise<Roster> {
	const shown = (alias: string) =>
		sql.raw(
			`json_build_object('id', ${alias}.id, 'username', ${alias}.username, 'name', ${alias}.name, 'avatar', ${alias}.avatar)`,
		);
	const { rows } = await db.execute(sql`
		select json_build_object(
			'friendships', coalesce((
				select json_agg(json_build_object(
					'room', f.room,
					'friend', ${shown('p')},
					'open', f.ended_at is null,
					'since', floor(extract(epoch from f.opened_at) * 1000)::bigint,
					'muted', m.room is not null
				))
				from (
					select room, person_b as friend, opened_at, ended_at from friendships where person_a = ${me}
					union all
					select room, person_a, opened_at, ended_at from friendships where person_b = ${me}
				) f
				join people p on p.id = f.friend
				left join mutes m on m.room = f.room and m.person_id = ${me}
			), '[]'),
			'invitations', coalesce((
				select json_agg(json_build_object('room', i.room, 'person', ${shown('p')}, 'mine', i.inviter_id = ${me}))
				from invitations i
				join people p on p.id = case when i.inviter_id = ${me} then i.invitee_id else i.inviter_id end
				where i.cancelled_at is null
					and (i.inviter_id = ${me} or (i.invitee_id = ${me} and i.refused_at is null and p.suspended_at is null))
			), '[]'),
			'unseen', (
				select count(*) from invitations i join people p on p.id = i.inviter_id
				where i.invitee_id = ${me} and i.cancelled_at is null and i.refused_at is null and p.suspended_at is null
					and i.created_at > (select invitations_seen_at from people where id = ${me})
			)
		) as roster
	`);
	return v.parse(roster, rows[0]?.roster);
}

/** Wants, or no longer wants, sound and notifications of a room of mine. */
export async function mute(db: Db, me: string, room: string, muted: boolean): Promise<void> {
	await db.execute(
		muted
			? sql`
				insert into mutes (person_id, room)
				select ${me}, room from friendships where room = ${room} and ${me} in (person_a, person_b)
				on conflict do nothing
			`
			: sql`delete from mutes where person_id = ${me} and room = ${room}`,
	);
}

/** Keeps the last activity of somebody. A late write of an earlier one changes nothing. */
export async function saveActivity(db: Db, me: string, at: number): Promise<void> {
	await db.execute(sql`
		update people set last_active_at = to_timestamp(${at}::double precision / 1000)
		where id = ${me} and (last_active_at is null or last_active_at < to_timestamp(${at}::double precision / 1000))
	`);
}
