import { setTimeout as wait } from 'node:timers/promises';
import * as v from 'valibot';
import { compared, type Compared, type Place } from '#lib/server/archive-check.ts';
import { addressOf, operate } from './stack/operate.ts';
import { main, Trouble } from './stack/say.ts';

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
	const [given, ...more] = process.argv.slice(2);
	if (more.length > 0)
		throw new Trouble('Say where, or nothing: npm run archive:verify -- https://kith.example');
	const address = addressOf(given);
	const ask = async (body: { from: Place | null; only?: string }): Promise<Compared> => {
		const answer = await operate(address, '/operator/archive', 'archive:verify', body);
		return v.parse(compared, await answer.json());
	};

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
