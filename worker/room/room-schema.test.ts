import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { newPair } from '../testing.ts';
import { isPrepared, prepare } from './room-schema.ts';

const emptyRoom = () => env.ROOMS.getByName(newPair().room);

test('a room that was never opened has no tables', () =>
	runInDurableObject(emptyRoom(), (_, { storage }) => {
		expect(isPrepared(storage.sql)).toBe(false);
		expect(
			storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'").toArray(),
		).toEqual([]);
	}));

test('each step runs once, and a step added later runs on what is there', () =>
	runInDurableObject(emptyRoom(), (_, { storage }) => {
		const steps = ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1)'];
		prepare(storage, steps);
		prepare(storage, steps);
		prepare(storage, [...steps, 'INSERT INTO t VALUES (2)']);
		prepare(storage, [...steps, 'INSERT INTO t VALUES (2)']);
		expect(storage.sql.exec('SELECT a FROM t').toArray()).toEqual([{ a: 1 }, { a: 2 }]);
	}));

test('a step that fails leaves nothing of itself behind', () =>
	runInDurableObject(emptyRoom(), (_, { storage }) => {
		expect(() => prepare(storage, ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (1); nonsense'])).toThrow();
		expect(storage.sql.exec('SELECT a FROM t').toArray()).toEqual([]);
		prepare(storage, ['CREATE TABLE t (a)', 'INSERT INTO t VALUES (5)']);
		expect(storage.sql.exec('SELECT a FROM t').toArray()).toEqual([{ a: 5 }]);
	}));
