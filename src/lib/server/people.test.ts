import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addPerson, testDatabase, type TestDatabase } from '../../../tests/database.ts';
import { isPersonId } from '#lib/chat/room-name.ts';
import { people as table } from './db/schema.ts';
import * as passwords from './passwords.ts';
import * as people from './people.ts';

let database: TestDatabase;
beforeAll(async () => void (database = await testDatabase()));
afterAll(() => database.close());

const now = new Date('2026-11-22T12:00:00Z');
const form = (username: string, more: object = {}) => ({
	username,
	email: `${username}@example.org`,
	password: 'brass lantern, 4 geese',
	...more,
});

describe('register', () => {
	test('somebody registers and is found', async () => {
		const { db } = database;
		const given = form('Ana.Lopez', {
			phone: '+49 30 901820',
			about: '  Plays the\ncello ',
			email: 'Ana@Example.org',
		});
		const registered = await people.register(db, given, now);
		if (!registered.ok) throw new Error(JSON.stringify(registered));
		const { id } = registered.person;
		expect(isPersonId(id)).toBe(true);
		expect(registered.person).toEqual({
			id,
			username: 'Ana.Lopez',
			name: 'Ana.Lopez',
			email: 'Ana@Example.org',
			phone: '+4930901820',
			about: 'Plays the cello',
			avatar: null,
		});
		expect(await people.me(db, id)).toEqual(registered.person);
		expect(await people.find(db, id)).toEqual({
			id,
			username: 'Ana.Lopez',
			name: 'Ana.Lopez',
			about: 'Plays the cello',
			avatar: null,
		});

		const [row] = await db.select().from(table).where(eq(table.id, id));
		expect(await passwords.verify('brass lantern, 4 geese', row!.passwordHash)).toBe(true);
		expect(JSON.stringify(row)).not.toContain('lantern');
		expect(row).toMatchObject({ createdAt: now, invitationsSeenAt: now, suspendedAt: null });
	});

	test('username and email are taken whatever the case, and both are said at once', async () => {
		const { db } = database;
		expect((await people.register(db, form('bob'), now)).ok).toBe(true);
		expect(
			await people.register(db, form('BOB', { email: 'BOB@EXAMPLE.ORG', password: 'short' }), now),
		).toEqual({ ok: false, fields: { username: 'taken', email: 'taken', password: 'too_short' } });
		expect(await people.register(db, form('bob', { email: 'bobby@example.org' }), now)).toEqual({
			ok: false,
			fields: { username: 'taken' },
		});
		expect(await people.register(db, form('bobby', { email: 'bob@example.org' }), now)).toEqual({
			ok: false,
			fields: { email: 'taken' },
		});
	});

	test('what is optional may be empty or missing', async () => {
		const { db } = database;
		const registered = await people.register(db, form('cleo', { phone: ' ', about: undefined }), now);
		expect(registered).toMatchObject({ ok: true, person: { phone: null, about: '' } });
	});

	test('an empty form, and one of the wrong types, say what is missing', async () => {
		const { db } = database;
		const missing = {
			ok: false,
			fields: { username: 'required', email: 'required', password: 'required' },
		};
		expect(await people.register(db, {}, now)).toEqual(missing);
		expect(
			await people.register(db, { username: 7, email: ['x'], password: {}, phone: null, about: true }, now),
		).toEqual(missing);
	});

	test.each([
		[{ username: 'ab' }, { username: 'too_short' }],
		[{ username: 'a'.repeat(31) }, { username: 'too_long' }],
		[{ username: 'ana lopez' }, { username: 'bad_characters' }],
		[{ username: 'ana_lopez' }, { username: 'bad_characters' }],
		[{ username: 'ana@lopez' }, { username: 'bad_characters' }],
		[{ username: 'аna' }, { username: 'bad_characters' }], // a Cyrillic а
		[{ username: '.-.' }, { username: 'bad_characters' }],
		[{ email: 'dana' }, { email: 'bad_email' }],
		[{ email: 'dana@localhost' }, { email: 'bad_email' }],
		[{ email: 'dana@@example.org' }, { email: 'bad_email' }],
		[{ email: 'da na@example.org' }, { email: 'bad_email' }],
		[{ email: `${'d'.repeat(250)}@example.org` }, { email: 'too_long' }],
		[{ password: 'dana-is-great' }, { password: 'contains_username' }],
		[{ password: 'Password1' }, { password: 'common' }],
		[{ password: 'x'.repeat(201) }, { password: 'too_long' }],
		[{ phone: '030 901820' }, { phone: 'bad_phone' }],
		[{ phone: '+49' }, { phone: 'bad_phone' }],
		[{ phone: '+999 123 456 789' }, { phone: 'bad_phone' }],
		[{ phone: 'call me at +49 30 901820' }, { phone: 'bad_phone' }],
		[{ phone: `+49 30 ${'4'.repeat(40)}` }, { phone: 'bad_phone' }],
		[{ about: 'x'.repeat(201) }, { about: 'too_long' }],
	])('%j is refused', async (change, fields) => {
		expect(await people.register(database.db, { ...form('dana'), ...change }, now)).toEqual({
			ok: false,
			fields,
		});
	});

	test('control characters, halves of characters and marks that turn text around are not kept', async () => {
		const { db } = database;
		const registered = await people.register(db, form('fay', { about: 'a\u0000b\u202ec\ud800\u2066d' }), now);
		expect(registered).toMatchObject({ ok: true, person: { about: 'abc\ufffdd' } });
	});

	test.each(['+4930901820', '0049 30 901820', '+49 (0)30 901820', '+1 212-555-0123'])(
		'the phone number %s is one',
		async (phone) => {
			const { db } = database;
			const username = `phone${phone.replace(/\D/g, '').slice(0, 12)}${phone.length}`;
			const registered = await people.register(db, form(username, { phone }), now);
			expect(registered).toMatchObject({
				ok: true,
				person: { phone: phone.startsWith('+1') ? '+12125550123' : '+4930901820' },
			});
		},
	);
});

describe('me and find', () => {
	test('nobody is found by what is no id, or somebody suspended', async () => {
		const { db } = database;
		const eve = await addPerson(db, 'eve');
		expect(await people.find(db, eve.id)).not.toBeNull();
		expect(await people.me(db, eve.id)).not.toBeNull();
		await db.update(table).set({ suspendedAt: now }).where(eq(table.id, eve.id));
		expect(await people.find(db, eve.id)).toBeNull();
		expect(await people.me(db, eve.id)).toBeNull();
		expect(await people.find(db, "x' or 1=1")).toBeNull();
		expect(await people.find(db, 'a\u0000bcdefgh')).toBeNull();
	});
});

describe('updateProfile', () => {
	test('changes what is given and leaves the rest', async () => {
		const { db } = database;
		const gil = await addPerson(db, 'gil');
		expect(
			await people.updateProfile(db, gil.id, { name: ' Gil  Gómez ', about: 'Sings', phone: '+4930901820' }),
		).toEqual({
			ok: true,
			person: { ...gil, name: 'Gil Gómez', about: 'Sings', phone: '+4930901820' },
		});
		expect(await people.updateProfile(db, gil.id, { phone: '' })).toMatchObject({
			ok: true,
			person: { name: 'Gil Gómez', about: 'Sings', phone: null },
		});
		expect(await people.updateProfile(db, gil.id, { name: '' })).toMatchObject({
			ok: true,
			person: { name: 'gil' },
		});
	});

	test('what is wrong is said field by field, and nothing is changed', async () => {
		const { db } = database;
		const hal = await addPerson(db, 'hal');
		expect(
			await people.updateProfile(db, hal.id, { name: 'x'.repeat(51), about: 'new', phone: '12' }),
		).toEqual({ ok: false, fields: { name: 'too_long', phone: 'bad_phone' } });
		expect(await people.me(db, hal.id)).toEqual(hal);
	});

	test('the new name is found', async () => {
		const { db } = database;
		const ivo = await addPerson(db, 'ivo');
		const kim = await addPerson(db, 'kim');
		expect(await people.search(db, kim.id, 'zebulon')).toEqual([]);
		await people.updateProfile(db, ivo.id, { name: 'Zebulon' });
		expect((await people.search(db, kim.id, 'zebulon')).map(({ username }) => username)).toEqual(['ivo']);
	});
});

describe('changePassword', () => {
	test('the new password is right and the old one no longer', async () => {
		const { db } = database;
		const registered = await people.register(db, form('jan'), now);
		if (!registered.ok) throw new Error('not registered');
		const { id } = registered.person;
		const change = (current: unknown, next: unknown) =>
			people.changePassword(db, database.config, { person: id, session: 'none' }, { current, next }, now);

		expect(await change('', 'seven copper kettles')).toEqual({ ok: false, fields: { current: 'required' } });
		expect(await change('not it', 'seven copper kettles')).toEqual({
			ok: false,
			fields: { current: 'wrong' },
		});
		expect(await change('not it', 'jan')).toEqual({
			ok: false,
			fields: { current: 'wrong', next: 'too_short' },
		});
		expect(await change('brass lantern, 4 geese', 'jan-jan-jan')).toEqual({
			ok: false,
			fields: { next: 'contains_username' },
		});
		expect(await change('brass lantern, 4 geese', 'brass lantern, 4 geese')).toEqual({
			ok: false,
			fields: { next: 'same' },
		});
		expect(await change('brass lantern, 4 geese', 'seven copper kettles')).toEqual({ ok: true });
		expect(await change('brass lantern, 4 geese', 'nine tin whistles')).toEqual({
			ok: false,
			fields: { current: 'wrong' },
		});
	});

	test('guesses of the current one are counted, and the right one starts the count anew', async () => {
		const { db } = database;
		const max = 2;
		const windowSeconds = 900;
		const config = { limits: { ...database.config.limits, loginPerAccount: { max, windowSeconds } } };
		const registered = await people.register(db, form('pia'), now);
		if (!registered.ok) throw new Error('not registered');
		const change = (current: string, next: string, at = now) =>
			people.changePassword(
				db,
				config,
				{ person: registered.person.id, session: 'none' },
				{ current, next },
				at,
			);
		const right = 'brass lantern, 4 geese';
		for (let i = 1; i < max; i++)
			expect(await change('a guess', 'nine tin whistles')).toMatchObject({ fields: { current: 'wrong' } });
		expect(await change(right, 'short')).toMatchObject({ fields: { next: 'too_short' } });
		for (let i = 0; i < max; i++)
			expect(await change('a guess', 'nine tin whistles')).toMatchObject({ fields: { current: 'wrong' } });
		expect(await change(right, 'nine tin whistles')).toEqual({
			ok: false,
			code: 'too_many',
			retryAfterSeconds: windowSeconds,
		});
		const later = new Date(now.getTime() + windowSeconds * 1000);
		expect(await change(right, 'nine tin whistles', later)).toEqual({ ok: true });
	});
});
