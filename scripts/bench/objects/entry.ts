/*
 * The built Worker as it is, with a few doors beside it that only the benchmark has: rooms are opened without a database,
 * filled without sending, and asked how many rows they write. `kith` is the bundle; nothing in it knows of this file.
 */

import * as kith from 'kith';
import type { Env } from '../../../worker/env.ts';

export * from 'kith';

/** Words as long as those of an ordinary message. */
const WORDS = `'Message ' || n || ' of a very long conversation, as long as messages are.'`;

export class Room extends kith.Room {
	#rows = 0;

	/** Adds messages after the first `from`, from the two people in turn. */
	benchFill(from: number, count: number): void {
		const [ana, bob] = this.ctx.id.name!.split('_');
		this.ctx.storage.sql.exec(
			`WITH RECURSIVE numbers(n) AS (SELECT ? + 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
			INSERT INTO messages (seq, speaker, id, at, body)
			SELECT n, iif(n % 2, ?, ?), printf('filled-%08d', n), 1700000000000 + n * 1000,
				json_object('kind', 'text', 'text', ${WORDS})
			FROM numbers`,
			from,
			from + count,
			ana,
			bob,
		);
	}

	/** Counts, from now on, what would be billed as rows written, alarms included. */
	benchCount(): void {
		const count = (rows: number) => (this.#rows += rows);
		const { storage } = this.ctx;
		const sql = Object.getPrototypeOf(storage.sql) as SqlStorage;
		const { exec } = sql;
		sql.exec = function (this: SqlStorage, ...asked: Parameters<typeof exec>) {
			const cursor = exec.apply(this, asked);
			queueMicrotask(() => count(cursor.rowsWritten)); // when it has been read to its end
			return cursor;
		} as typeof exec;
		const alarms = Object.getPrototypeOf(storage) as DurableObjectStorage;
		const { setAlarm } = alarms;
		alarms.setAlarm = function (this: DurableObjectStorage, ...asked: Parameters<typeof setAlarm>) {
			count(1);
			return setAlarm.apply(this, asked);
		};
	}

	benchRows(): number {
		return this.#rows;
	}
}

type Doors = Omit<Env, 'ROOMS'> & { ROOMS: DurableObjectNamespace<Room> };

async function bench(url: URL, env: Doors): Promise<Response> {
	const room = env.ROOMS.getByName(url.searchParams.get('room') ?? '');
	switch (url.pathname) {
		case '/bench/open':
			await room.setStatus({ open: true, epoch: 1 });
			return new Response('open');
		case '/bench/fill':
			await room.benchFill(Number(url.searchParams.get('from')), Number(url.searchParams.get('count')));
			return new Response('filled');
		case '/bench/count':
			await room.benchCount();
			return new Response('counting');
		case '/bench/rows':
			return new Response(String(await room.benchRows()));
	}
	return new Response('ready');
}

export default {
	...kith.default,
	fetch(request, env, ctx) {
		const url = new URL(request.url);
		if (url.pathname.startsWith('/bench/')) return bench(url, env);
		return kith.default.fetch(request, env as unknown as Env, ctx);
	},
} satisfies ExportedHandler<Doors>;
