import { request as ask } from 'node:http';
import { request, type Asked, type Known } from '../fuzz/requests.ts';
import { Random, seedOf } from '../fuzz/random.ts';
import { addresses } from '../routes.ts';
import { expect, identity, test } from './fixtures.ts';

/*
 * Generated requests against every address of the built app. FUZZ_REQUESTS says how many, FUZZ_SEED which; what went wrong
 * is named by its index, and FUZZ_FROM starts there.
 */

const COUNT = Number(process.env.FUZZ_REQUESTS ?? 300);
const SEED = seedOf(process.env.FUZZ_SEED);
const FROM = Number(process.env.FUZZ_FROM ?? 0);
const AT_ONCE = 4;
/** So often is looked whether everything still works. */
const ROUND = 100;

test('no generated request breaks anything', async ({ server }, info) => {
	// Not in the title: every process that reads this file makes up another.
	info.annotations.push({ type: 'FUZZ_SEED', description: String(SEED) });
	test.setTimeout(60_000 + COUNT * 600);
	const { host, port } = new URL(server.url);
	const all = addresses();
	expect(all.length).toBeGreaterThan(15);

	const call = async (method: string, path: string, token: string | null, body?: object) => {
		const answer = await fetch(server.url + path, {
			method,
			headers: {
				...(token ? { authorization: `Bearer ${token}` } : {}),
				...(body ? { 'content-type': 'application/json' } : {}),
			},
			...(body ? { body: JSON.stringify(body) } : {}),
		});
		const text = await answer.text();
		expect(answer.status, `${method} ${path} answered ${text}`).toBeLessThan(300);
		return text === '' ? null : JSON.parse(text);
	};
	const join = async (name: string) => {
		const { name: username, email, password } = identity(name);
		const { person, tokens } = await call('POST', '/api/register', null, { username, email, password });
		const again = async (): Promise<{ access: string; refresh: string }> =>
			(await call('POST', '/api/login', null, { login: username, password })).tokens;
		return {
			id: person.id as string,
			access: tokens.access as string,
			refresh: tokens.refresh as string,
			again,
		};
	};
	const befriend = async (one: { id: string; access: string }, other: { id: string; access: string }) => {
		await call('PUT', `/api/invitations/${other.id}`, one.access);
		return (await call('POST', `/api/invitations/${one.id}/accept`, other.access)).room as string;
	};

	// Ana and bob only look whether everything works; carl and dora lend their names to the requests.
	const [ana, bob, carl, dora] = [
		await join('ana'),
		await join('bob'),
		await join('carl'),
		await join('dora'),
	];
	const control = await befriend(ana, bob);
	const room = await befriend(carl, dora);
	await call('PUT', `/api/rooms/${room}/messages/an-id-000`, carl.access, {
		body: { kind: 'text', text: 'hi' },
	});

	const known: Known = {
		host,
		access: [carl.access, dora.access],
		refresh: [carl.refresh],
		people: [carl.id, dora.id, ana.id, 'nobody00'],
		rooms: [room, room.split('_').reverse().join('_'), control, 'nobody00_nobody01'],
		messages: ['an-id-000', 'an-id-111', crypto.randomUUID()],
	};
	const broken: string[] = [];
	const statuses = new Map<number, number>();
	for (let round = FROM; round < FROM + COUNT; round += ROUND) {
		const end = Math.min(round + ROUND, FROM + COUNT);
		let index = round;
		const work = async () => {
			while (index < end) {
				const mine = index++;
				const asked = request(all, known, new Random(SEED, mine));
				const shown = `FUZZ_SEED=${SEED} FUZZ_FROM=${mine}: ${asked.method} ${asked.path.slice(0, 300)}`;
				const status = await statusOf(Number(port), asked).catch((error: unknown) => {
					throw new Error(shown, { cause: error });
				});
				statuses.set(status, (statuses.get(status) ?? 0) + 1);
				if (status >= 500) broken.push(`${status} ${shown}`);
			}
		};
		await Promise.all(Array.from({ length: AT_ONCE }, work));

		const where = `FUZZ_SEED=${SEED}, requests ${round} to ${end}`;
		expect(broken, server.output).toEqual([]);
		expect(server.output, where).not.toMatch(/_failed"|Uncaught|SvelteKitError|TypeError/);
		const [anaNow, carlNow, doraNow] = [await ana.again(), await carl.again(), await dora.again()];
		const id = `control-${round}`;
		const said = { body: { kind: 'text', text: `after request ${end}` } };
		await call('PUT', `/api/rooms/${control}/messages/${id}`, anaNow.access, said);
		const { messages } = await call('GET', `/api/rooms/${control}/messages?limit=1`, anaNow.access);
		expect(messages, where).toMatchObject([{ id, from: ana.id, ...said }]);
		known.access = [carlNow.access, doraNow.access];
		known.refresh = [carlNow.refresh];
	}
	console.log(
		`FUZZ_SEED=${SEED}: ${all.length} addresses, answers ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`,
	);

	// The live room too.
	const { access } = await bob.again();
	const socket = new WebSocket(`ws://${host}/ws/chat/${control}`, ['kith.v1', `bearer.${access}`]);
	const heard = new Promise<string>((resolve, reject) => {
		socket.addEventListener('message', ({ data }) => resolve(String(data)), { once: true });
		socket.addEventListener('error', () => reject(new Error('The room does not open.')), { once: true });
	});
	socket.addEventListener('open', () =>
		socket.send(
			JSON.stringify({ type: 'send', id: 'after-all-that', body: { kind: 'text', text: 'there?' } }),
		),
	);
	expect(JSON.parse(await heard)).toMatchObject({
		type: 'message',
		message: { id: 'after-all-that', from: bob.id },
	});
	socket.close();
});

/** Asks by hand: `fetch` would put right what is meant to be wrong. */
function statusOf(port: number, { method, path, headers, body }: Asked): Promise<number> {
	return new Promise((resolve, reject) => {
		const asking = ask({ host: 'localhost', port, method, path, headers, timeout: 60_000 });
		// Not every method has one by itself here, and then what should be a body would be taken for the next request.
		if (body !== undefined) asking.setHeader('content-length', Buffer.byteLength(body));
		asking.on('response', (answer) => {
			// The local server sends a body after some HEADs, which is not ours to mend.
			if (method === 'HEAD') resolve((asking.destroy(), answer.statusCode ?? 0));
			answer.resume();
			answer.on('end', () => resolve(answer.statusCode ?? 0));
			answer.on('error', reject);
		});
		asking.on('upgrade', (answer, socket) => {
			socket.destroy();
			resolve(answer.statusCode ?? 0);
		});
		asking.on('timeout', () => asking.destroy(new Error('No answer within a minute.')));
		asking.on('error', reject);
		asking.end(body);
	});
}
