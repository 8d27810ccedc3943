import { sql, type SQL } from 'drizzle-orm';
import { lengthOf } from '#lib/chat/message.ts';
import type { Db } from './db/client.ts';
import { fold } from './folded.ts';
import type { Found } from './person.ts';

export const SEARCH_MAX = 20;
const QUERY_MAX = 64;

/**
 * Finds people by username or name, also while the name is still being typed, and with a small typo in it. The exact
 * username comes first, then usernames that begin so, then names that do, then what was perhaps meant.
 * @param query as typed
 * @returns at most SEARCH_MAX people, never oneself, nobody who is suspended
 */
export async function search(db: Db, meId: string, query: string): Promise<Found[]> {
	const wanted = [...fold(query).replace(/^@/, '')].slice(0, QUERY_MAX).join('').trim();
	if (!/[\p{L}\p{N}]/u.test(wanted)) return [];
	const [, answer] = await db.batch([
		db.execute(settings(wanted)),
		db.execute<Found & Record<string, unknown>>(searchStatement(meId, wanted)),
	]);
	return answer.rows;
}

/**
 * For the transaction of the statement: how alike is alike, and no reading through everybody, which the planner would prefer
 * sometimes, because to it a regular expression costs no more than comparing two numbers.
 */
export function settings(wanted: string): SQL {
	return sql`select set_config('pg_trgm.word_similarity_threshold', ${thresholdFor(wanted)}, true), set_config('enable_seqscan', 'off', true)`;
}

/**
 * The statement itself, for the test that looks at its plan.
 * @param wanted a folded query
 */
export function searchStatement(meId: string, wanted: string): SQL {
	// Sorted in the order of roomName, then compared in that of the columns: in another, their index could not be used.
	const room = sql`(least(id collate "C", ${meId}) || '_' || greatest(id collate "C", ${meId})) collate "default"`;
	// The people first, everything else only for the twenty that are shown.
	return sql`
		with found as materialized (${/^[a-z0-9]$/.test(wanted) ? byLetter(meId, wanted) : byWords(meId, wanted)})
		select n.id, n.username, n.name, n.about, n.avatar, n.room,
			case
				when f.room is not null then 'friend'
				when i.inviter_id = ${meId} then 'invited'
				when i.invitee_id = ${meId} and i.refused_at is null then 'has_invited_you'
				else 'none'
			end as relation
		from (select found.*, ${room} as room from found) n
		left join friendships f on f.room = n.room and f.ended_at is null
		left join invitations i on i.room = n.room and i.cancelled_at is null
		order by n.place, n.likeness desc, length(n.username), n.username collate "C"
	`;
}

/** One letter is the beginning of a username: a tenth of all people, of whom the first few in the alphabet are read. */
function byLetter(meId: string, letter: string): SQL {
	return sql`
		select p.id, p.username, p.name, p.about, p.avatar, 1 as place, 0 as likeness
		from people p
		where p.searchable collate "C" like ${`${letter}%`} and p.id <> ${meId} and p.suspended_at is null
		order by p.searchable collate "C"
		limit ${SEARCH_MAX}
	`;
}

function byWords(meId: string, wanted: string): SQL {
	const prefix = `${escapeLike(wanted)}%`;
	const begins = sql`p.searchable like ${prefix}`;
	const contains = sql`p.searchable like ${`% ${prefix}`}`;
	const meant = lengthOf(wanted) < TYPO_MIN ? sql`` : sql`or ${typos(wanted)}`;
	return sql`
		select p.id, p.username, p.name, p.about, p.avatar,
			case when lower(p.username) = ${wanted} then 0 when ${begins} then 1 when ${contains} then 2 else 3 end as place,
			case when ${begins} or ${contains} then 0 else word_similarity(${wanted}, p.searchable) end as likeness
		from people p
		where (${begins} or ${contains} ${meant}) and p.id <> ${meId} and p.suspended_at is null
		order by place, likeness desc, length(p.username), p.username collate "C"
		limit ${SEARCH_MAX}
	`;
}

/** Shorter queries are taken literally: with one letter changed, three letters are another name. */
const TYPO_MIN = 4;
/** Longer ones have enough trigrams left after a typo to tell likeness by alone. */
const PATTERN_MAX = 7;

/**
 * A letter too many or too few, another one, or two swapped. The operator and the swapped patterns are what the trigram
 * index answers; of what it finds for a short query, the expression keeps what is one typo away.
 */
function typos(wanted: string) {
	const alike = sql`${wanted} <% p.searchable`;
	if (lengthOf(wanted) > PATTERN_MAX) return alike;
	// A swap in a short word leaves hardly any trigram as it was: the swapped forms are asked for outright.
	// The empty text keeps the index from being asked for the forms of the other typos too: they have no trigram in common.
	return sql`(${alike} and p.searchable || '' ~ ${oneTypo(wanted)}) or p.searchable ~ ${oneSwap(wanted)}`;
}

/** So much of the query's trigrams must be found in one place. One typo spoils up to three of the length + 1 it has. */
function thresholdFor(wanted: string): string {
	const length = lengthOf(wanted);
	return length <= 4 ? '0.4' : length <= PATTERN_MAX ? '0.5' : '0.55';
}

/** Words that begin with the text, but for two neighbours that have changed places. */
function oneSwap(text: string): string {
	const letters = literally(text);
	const forms = letters
		.slice(1)
		.map((letter, at) => [...letters.slice(0, at), letter, letters[at], ...letters.slice(at + 2)].join(''));
	return `(^| )(${forms.join('|')})`;
}

/** Words that begin with the text, but for one letter: another one, one too few, or one too many. */
function oneTypo(text: string): string {
	const letters = literally(text);
	const forms = letters.flatMap((letter, at) => {
		const before = letters.slice(0, at).join('');
		const after = letters.slice(at + 1).join('');
		return [`${before}.${letter}${after}`, `${before}.?${after}`];
	});
	return `(^| )(${forms.join('|')})`;
}

/** Each letter as a regular expression for itself. */
function literally(text: string): string[] {
	return [...text].map((letter) => letter.replace(/[^\p{L}\p{N}]/u, '\\$&'));
}

function escapeLike(text: string): string {
	return text.replace(/[\\%_]/g, '\\$&');
}
