import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { compared, type Compared, type Place } from '#lib/server/archive-check.ts';
import { signTask } from '#lib/server/operator-token.ts';
import { main, Trouble } from './stack/say.ts';
import { port, readSettings } from './stack/settings.ts';

/*
 * npm run archive:verify [-- https://kith.example]: compares every room's log with the archive in Postgres and prints where
 * they differ; the exit code is 1 then. It asks a Kith that runs: the one of `npm start` on this machine, or the one at the
 * address. What it says is signed with SESSION_SECRET, which must be that Kith's.
 */

/** A room in which something differs is looked at again for so long: what was just said may be on its way. */
const PATIENCE = 30_000;
const AGAIN_AFTER = 3_000;

type Difference = Compared['differences'][number];

const WORDS: Record<Difference['what'], string> = {
	missing: 'is not in the archive',
	extra: 'is in the archive only',
	differs: 'is another in the archive',
};

await main(async () => {
	const [address = `http://localhost:${port('PORT', 8787)}`, ...more] = process.argv.slice(2);
	if (more.length > 0 || !URL.canParse(address))
		throw new Trouble('Say where, or nothing: npm run archive:verify -- https://kith.example');
	const url = new URL('/operator/archive', address);
	const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
	if (url.protocol !== 'https:' && !here)
		throw new Trouble('Use https: what is sent there lets others ask the same for some minutes.');
	const secret = readSettings().SESSION_SECRET;
	if (!secret) throw new Trouble('SESSION_SECRET is not set: use that of the Kith that you ask.');
	const ask = (body: { from: Place | null; only?: string }) => compare(url, secret, body);

	const suspects = new Map<string, Difference[]>();
	let [rooms, entries] = [0, 0];
	for (let from: Place | null | undefined; from !== null;) {
		const part = await ask({ from: from ?? null });
		rooms += part.rooms;
		entries += part.entries;
		note(suspects, part.differences);
		from = part.next;
	}
	const until = Date.now() + PATIENCE;
	while (suspects.size > 0 && Date.now() < until) {
		await wait(AGAIN_AFTER);
		for (const room of [...suspects.keys()]) {
			suspects.delete(room);
			for (let from: Place | null | undefined; from !== null;) {
				const part = await ask({ from: from ?? null, only: room });
				note(suspects, part.differences);
				from = part.next;
			}
		}
	}

	const differences = [...suspects.values()].flat();
	for (const { room, seq, what } of differences) console.log(`${room} ${seq} ${WORDS[what]}`);
	const looked = `${entries} entries of ${rooms} rooms`;
	if (differences.length === 0) console.log(`The archive is complete: ${looked}, no difference.`);
	else throw new Trouble(`The archive differs in ${differences.length} places (${looked}).`);
});

function note(suspects: Map<string, Difference[]>, differences: readonly Difference[]): void {
	for (const difference of differences)
		suspects.set(difference.room, [...(suspects.get(difference.room) ?? []), difference]);
}

async function compare(
	url: URL,
	secret: string,
	body: { from: Place | null; only?: string },
): Promise<Compared> {
	const token = await signTask(new TextEncoder().encode(secret.trim()), 'archive:verify', new Date());
	let answer: Response;
	try {
		answer = await fetch(url, {
			method: 'POST',
			headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
	} catch {
		throw new Trouble(`Nothing answers at ${url.origin}: is Kith running there?`);
	}
	if (answer.status === 401)
		throw new Trouble(`The Kith at ${url.origin} has another SESSION_SECRET than this one.`);
	if (!answer.ok) throw new Trouble(`${url.origin} answered ${answer.status}: ${await answer.text()}`);
	return v.parse(compared, await answer.json());
}
