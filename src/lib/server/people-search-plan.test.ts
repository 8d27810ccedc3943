import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { searchStatement, settings } from './people-search.ts';
import { search, type Me } from './people.ts';

const PEOPLE = 100_000;

let database: TestDatabase;
let ana: Me;
beforeAll(async () => {
	database = await testDatabase();
	const { db } = database;
	ana = await addPerson(db, 'ana');
	// Names of three syllables and a number, like those that people take when theirs is taken.
	await database.backend.script(`
		insert into people (id, username, email, password_hash, name, searchable)
		select 'person' || n, username, n || '@example.org', '', initcap(split_part(username, '.', 1)), username || ' ' || replace(username, '.', ' ')
		from (
			select n, syllable[1 + n % 40] || syllable[1 + n / 40 % 40] || syllable[1 + n / 1600 % 40] || '.' || n as username
			from generate_series(1, ${PEOPLE}) n,
				string_to_array('an,be,ca,do,el,fi,ga,ho,in,ja,ke,li,ma,ne,ol,pa,qui,ra,so,ti,ur,va,wi,xa,ya,zo,bri,cla,dre,fra,gri,kru,lo,mi,no,pe,ste,tha,vi,wen', ',') syllable
		) made
	`);
	await addPerson(db, 'john', { name: 'John Smith' });
	await addPerson(db, 'alexander', { name: 'Alexander the Great' });
	// Enough of these that reading them through would not pay either.
	await database.backend.script(`
		create temporary table pairs as
			select least(a, b) as a, greatest(a, b) as b
			from (select ('person' || n) collate "C" as a, ('person' || n + 7) collate "C" as b from generate_series(1, 20000) n) made;
		insert into friendships (room, person_a, person_b) select a || '_' || b, a, b from pairs;
		insert into invitations (room, inviter_id, invitee_id) select a || '_' || b, a, b from pairs;
		analyze people, friendships, invitations;
	`);
}, 300_000);
afterAll(() => database.close());

test(`among ${PEOPLE} people, every kind of query is answered by the index`, async () => {
	const { db } = database;
	for (const query of [
		'a',
		'an',
		'ana',
		'jhon',
		'alexnader',
		'anbe',
		'clamika',
		'alexander the',
		'john.smith',
	]) {
		const [, { rows }] = await db.batch([
			db.execute(settings(query)),
			db.execute<{ 'QUERY PLAN': string }>(sql`explain ${searchStatement(ana.id, query)}`),
		]);
		const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
		expect(plan, query).toMatch(/Index Scan (on|using) people_search/);
		expect(plan, query).not.toContain('Seq Scan on people');
		expect(plan, query).not.toContain('Seq Scan on friendships');
		expect(plan, query).not.toContain('Seq Scan on invitations');
	}
});

test(`among ${PEOPLE} people, those who are meant are found`, async () => {
	const { db } = database;
	const took: string[] = [];
	for (const [query, username] of [
		['a', 'alexander'],
		['an', 'ana'],
		['john', 'john'],
		['jhon', 'john'],
		['smith', 'john'],
		['alex', 'alexander'],
		['alexnader', 'alexander'],
		['anbela.7761', undefined],
		['clamika', undefined],
		['nobody here', undefined],
	] as const) {
		const start = performance.now();
		const found = await search(db, ana.id, query);
		const time = performance.now() - start;
		took.push(`${query}: ${Math.round(time)} ms, ${found.length} found`);
		if (username && username !== 'ana')
			expect
				.soft(
					found.map((person) => person.username),
					query,
				)
				.toContain(username);
	}
	console.log(`Search among ${PEOPLE} people on ${database.kind}: ${took.join('; ')}`);
});
