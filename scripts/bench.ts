import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { SUBPROTOCOL } from '#lib/chat/protocol.ts';
import { roomName } from '#lib/chat/room-name.ts';
import { signAccess } from '#lib/server/access-token.ts';
import { Line } from './bench/line.ts';
import { median, Speaker, throughput } from './bench/load.ts';
import { bundle, compiled, objectsOfKith, serve, type Served } from './bench/workerd.ts';
import { buildPages } from './stack/pages.ts';
import { main } from './stack/say.ts';
import { dataFolder } from './stack/settings.ts';

/*
 * npm run bench: a room against its floor, side by side. The floor is a bare hibernating object that inserts one row and
 * broadcasts; the room is the built Worker. Both run under plain `workerd serve` on the local disk, and take turns round by
 * round, so that whatever else this machine does falls on both.
 */

const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '9' },
		/** Messages in the long room. */
		long: { type: 'string', default: '1000000' },
		/** Only the measures whose name contains this. */
		only: { type: 'string', default: '' },
		/** Where the objects are kept. In memory, for example, to see what is left when the disk costs nothing. */
		disk: { type: 'string' },
		/** Makes the measures small: to see that the benchmark works. */
		quick: { type: 'boolean', default: false },
	},
});
const ROUNDS = Number(options.rounds);
const LONG = Number(options.long);
const SHORT = 100;
const scale = options.quick ? 0.1 : 1;

const SECRET = randomBytes(32).toString('hex');
const folder = join(options.disk ?? dataFolder(), 'bench');

/** One of the two that are compared. */
interface Side {
	/** Opens a socket of one of the two people of a room. */
	open(room: number, person: 0 | 1): Promise<Line>;
}

interface Result {
	name: string;
	unit: string;
	floor: number;
	kith: number;
	/** Median of the ratios of the rounds: kith to floor. */
	ratio: number;
	aim: string;
	met: boolean;
}
const results: Result[] = [];
const wanted = (name: string) => name.includes(options.only);

function report(result: Omit<Result, 'ratio' | 'floor' | 'kith'> & { rounds: [number, number][] }): void {
	const { rounds, ...rest } = result;
	const floor = median(rounds.map(([floor]) => floor));
	const kith = median(rounds.map(([, kith]) => kith));
	results.push({ ...rest, floor, kith, ratio: median(rounds.map(([floor, kith]) => kith / floor)) });
}

// --- people and rooms

const people = (room: number): [string, string] => {
	const number = String(room).padStart(6, '0');
	return [`ana${number}`, `bob${number}`];
};
const nameOf = (room: number) => roomName(...people(room));

async function token(person: string): Promise<string> {
	const who = { person, session: `session-${person}`, username: person };
	return (await signAccess(new TextEncoder().encode(SECRET), who, new Date())).access;
}

async function door(kith: Served, path: string, fields: Record<string, string>): Promise<string> {
	const answer = await fetch(`http://127.0.0.1:${kith.port}/bench/${path}?${new URLSearchParams(fields)}`);
	if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
	return answer.text();
}

const openKith = async (kith: Served, room: number, person: 0 | 1) => {
	const bearer = `bearer.${await token(people(room)[person])}`;
	return Line.open(kith.port, `/ws/chat/${nameOf(room)}`, [SUBPROTOCOL, bearer]);
};

/** A database that is never asked for anything the room needs: it takes what the room archives, and forgets it. */
async function oblivion(): Promise<{ endpoint: string; close(): void }> {
	const nothing = { fields: [], rows: [], command: 'SELECT', rowCount: 0, rowAsArray: true };
	const server = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8').on('data', (text: string) => (body += text));
		request.on('end', () => {
			const batch = body.startsWith('{"queries"');
			const queries = batch ? (JSON.parse(body) as { queries: unknown[] }).queries : [];
			response.setHeader('content-type', 'application/json');
			response.end(JSON.stringify(batch ? { results: queries.map(() => nothing) } : nothing));
		});
	});
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	const { port } = server.address() as AddressInfo;
	return { endpoint: `http://127.0.0.1:${port}/sql`, close: () => server.closeAllConnections() };
}

// --- the measures

/** Runs both sides round by round, in changing order, one round to warm up. */
async function alternate(
	sides: [Side, Side],
	room: number,
	rooms: number,
	measure: (speakers: Speaker[][]) => Promise<number>,
): Promise<[number, number][]> {
	const speakers: Speaker[][][] = [];
	const lines: Line[] = [];
	for (const [index, side] of sides.entries()) {
		speakers[index] = [];
		for (let n = 0; n < rooms; n++) {
			const two = await Promise.all([side.open(room + n, 0), side.open(room + n, 1)]);
			lines.push(...two);
			speakers[index].push(two.map((line, person) => new Speaker(line, `${'ab'[person]}${n}-${index}`)));
		}
	}
	const rounds: [number, number][] = [];
	for (let round = 0; round <= ROUNDS; round++) {
		const measured: [number, number] = [0, 0];
		for (const index of round % 2 ? [0, 1] : [1, 0]) measured[index] = await measure(speakers[index]!);
		if (round > 0) rounds.push(measured);
	}
	for (const line of lines) line.close();
	return rounds;
}

async function messages(floor: Served, kith: Served): Promise<void> {
	const sides: [Side, Side] = [
		{ open: (room, person) => Line.open(floor.port, `/${nameOf(room)}?${person}`) },
		{
			open: async (room, person) => {
				await door(kith, 'open', { room: nameOf(room) });
				return openKith(kith, room, person);
			},
		},
	];

	if (wanted('one at a time')) {
		const rounds = await alternate(sides, 1, 1, async ([room]) =>
			median(await room![0]!.oneAtATime(Math.ceil(1000 * scale))),
		);
		const ratio = median(rounds.map(([floor, kith]) => kith / floor));
		report({ name: 'one at a time', unit: 'ms', rounds, aim: '≤ 1.3', met: ratio <= 1.3 });
	}
	if (wanted('32 outstanding')) {
		const rounds = await alternate(sides, 2, 1, ([room]) =>
			throughput([[room![0]!]], Math.ceil(6000 * scale), 32),
		);
		const ratio = median(rounds.map(([floor, kith]) => kith / floor));
		report({ name: '32 outstanding', unit: 'messages/s', rounds, aim: '≥ 1', met: ratio >= 1 });
	}
	if (wanted('50 rooms')) {
		const rounds = await alternate(sides, 100, 50, (rooms) => throughput(rooms, Math.ceil(100 * scale), 4));
		const ratio = median(rounds.map(([floor, kith]) => kith / floor));
		report({ name: '50 rooms, 4 outstanding', unit: 'messages/s', rounds, aim: '≥ 1', met: ratio >= 1 });
	}
}

/** Says something and returns the answer that contains `what`. */
function ask(line: Line, frame: object, what: string): Promise<string> {
	return new Promise((done) => {
		line.hear = (text) => text.includes(what) && done(text);
		line.send(JSON.stringify(frame));
	});
}

const newest = (last: number) => ({ type: 'page', before: last + 1, limit: 50 });

async function opening(kith: Served, room: number, last: number): Promise<number> {
	const began = performance.now();
	const line = await openKith(kith, room, 0);
	await ask(line, newest(last), '"type":"page"');
	await ask(line, { type: 'hello', last, revision: 0 }, '"type":"sync"');
	const took = performance.now() - began;
	line.close();
	return took;
}

async function paging(line: Line, last: number): Promise<number> {
	const took: number[] = [];
	for (let n = 0; n < 50; n++) {
		const before = 51 + Math.floor(Math.random() * (last - 50));
		const began = performance.now();
		const page = await ask(line, { type: 'page', before, limit: 50 }, '"type":"page"');
		took.push(performance.now() - began);
		if (n === 0 && (JSON.parse(page) as { messages: unknown[] }).messages.length !== 50)
			throw new Error('A page is not full.');
	}
	return median(took);
}

async function lengths(start: () => Promise<Served>, kith: Served): Promise<Served> {
	const [short, long] = [10, 11];
	for (const [room, count] of [
		[short, SHORT],
		[long, LONG],
	] as const) {
		await door(kith, 'open', { room: nameOf(room) });
		// In steps, as it would have grown: one transaction of a million rows would leave them all in the write-ahead log.
		for (let from = 0; from < count; from += 1000)
			await door(kith, 'fill', {
				room: nameOf(room),
				from: String(from),
				count: String(Math.min(1000, count - from)),
			});
	}
	const rooms = [
		[short, SHORT],
		[long, LONG],
	] as const;
	const both = async (measure: (room: number, last: number) => Promise<number>, turn: number) => {
		const took: [number, number] = [0, 0];
		for (const index of turn % 2 ? [0, 1] : [1, 0]) {
			const [room, last] = rooms[index as 0 | 1];
			took[index] = await measure(room, last);
		}
		return took;
	};

	const opened: [number, number][] = [];
	for (let round = 0; round <= ROUNDS; round++) {
		const took: [number[], number[]] = [[], []];
		for (let n = 0; n < 20; n++) {
			const [a, b] = await both((room, last) => opening(kith, room, last), n);
			took[0].push(a);
			took[1].push(b);
		}
		if (round > 0) opened.push([median(took[0]), median(took[1])]);
	}
	reportLength('opening a long room', opened);

	const lines = [await openKith(kith, short, 0), await openKith(kith, long, 0)];
	const paged: [number, number][] = [];
	for (let round = 0; round <= ROUNDS; round++) {
		const took = await both((room, last) => paging(lines[room === short ? 0 : 1]!, last), round);
		if (round > 0) paged.push(took);
	}
	reportLength('paging in a long room', paged);

	// After a restart nothing of either room is in memory.
	const cold: [number, number][] = [];
	for (let round = 0; round < ROUNDS; round++) {
		await kith.stop();
		tidy(join(folder, 'kith/objects'));
		kith = await start();
		await door(kith, 'open', { room: nameOf(12) });
		for (let n = 0; n < 20; n++) await opening(kith, 12, 0);
		cold.push(await both((room, last) => opening(kith, room, last), round));
	}
	reportLength('opening a long room, cold', cold);
	return kith;
}

/** Empties the write-ahead logs, as a stop in good order would: a crash leaves up to 4 MB in each to be read again. */
function tidy(objects: string): void {
	for (const name of readdirSync(objects, { recursive: true, encoding: 'utf8' })) {
		if (!name.endsWith('.sqlite')) continue;
		const database = new DatabaseSync(join(objects, name));
		database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
		database.close();
	}
}

function reportLength(name: string, rounds: [number, number][]): void {
	const ratio = median(rounds.map(([short, long]) => long / short));
	report({ name, unit: 'ms', rounds, aim: '≤ 1.2', met: ratio <= 1.2 });
}

async function rows(kith: Served): Promise<number> {
	const room = 13;
	const count = 200;
	await door(kith, 'open', { room: nameOf(room) });
	const speaker = new Speaker(await openKith(kith, room, 0), 'ana');
	await speaker.many(5, 1);
	await door(kith, 'count', { room: nameOf(room) });
	await speaker.many(count, 1);
	return Number(await door(kith, 'rows', { room: nameOf(room) })) / count;
}

await main(async (onEnd) => {
	console.log('A room and its floor. This takes a few minutes.\n');
	await buildPages();
	rmSync(folder, { recursive: true, force: true });
	for (const part of ['floor', 'kith', 'bundle']) mkdirSync(join(folder, part), { recursive: true });
	onEnd(() => rmSync(folder, { recursive: true, force: true }));

	const database = await oblivion();
	onEnd(() => database.close());
	const worker = bundle(join(folder, 'bundle'));
	const startKith = () =>
		serve({
			folder: join(folder, 'kith'),
			modules: [
				{ name: 'entry.js', code: compiled('objects/entry.ts') },
				{ name: 'kith', code: worker },
			],
			objects: objectsOfKith(),
			variables: {
				SESSION_SECRET: SECRET,
				DATABASE_URL: 'postgres://kith:kith@localhost/kith',
				NEON_SQL_ENDPOINT: database.endpoint,
				FLOOD_BURST: '1000000',
				FLOOD_REFILL: '1000000',
			},
		});
	const floor = await serve({
		folder: join(folder, 'floor'),
		modules: [{ name: 'floor.js', code: compiled('objects/floor.ts') }],
		objects: { FLOORS: 'Floor' },
		variables: {},
	});
	onEnd(() => floor.stop());
	let kith = await startKith();
	onEnd(() => kith.stop());

	await messages(floor, kith);
	if (wanted('long room')) kith = await lengths(startKith, kith);
	const rowsPerMessage = wanted('rows') ? await rows(kith) : null;

	const machine = { cores: cpus().length, model: cpus()[0]?.model ?? '', load: loadavg() };
	for (const { name, unit, floor, kith, ratio, aim, met } of results) {
		const against = name.includes('long room') ? `${SHORT} messages` : 'floor';
		console.log(
			`${name.padEnd(28)} ${against.padEnd(12)} ${floor.toFixed(2).padStart(9)}  kith ${kith.toFixed(2).padStart(9)} ${unit.padEnd(10)}` +
				`  ratio ${ratio.toFixed(2)} (aim ${aim}: ${met ? 'met' : 'NOT met'})`,
		);
	}
	if (rowsPerMessage !== null) console.log(`rows written per message: ${rowsPerMessage}`);
	const file = join(dataFolder(), 'bench-results.json');
	writeFileSync(
		file,
		`${JSON.stringify({ at: new Date(), machine, rounds: ROUNDS, results, rowsPerMessage }, null, '\t')}\n`,
	);
	console.log(`\nWritten to ${file}.`);
});
