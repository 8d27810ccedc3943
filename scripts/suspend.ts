import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { connect } from '#lib/server/db/client.ts';
import * as people from '#lib/server/people.ts';
import { openDatabase } from './stack/database.ts';
import { addressOf, operate } from './stack/operate.ts';
import { main, Trouble } from './stack/say.ts';
import { dataFolder, readSettings } from './stack/settings.ts';

/*
 * npm run suspend -- <username> [https://kith.example]: logs somebody out everywhere and lets them in no more; with --lift,
 * lets them in again. In the database of DATABASE_URL, or this machine's own. The Kith at the address, or on this machine,
 * closes at once what they have open; one that cannot be asked does so when its cron trigger comes, within a minute.
 */

await main(async (onEnd) => {
	const args = process.argv.slice(2);
	const lift = args.includes('--lift');
	const [username, at, ...more] = args.filter((argument) => argument !== '--lift');
	if (!username || more.length > 0 || username.startsWith('-'))
		throw new Trouble('Say whom: npm run suspend -- <username>, and with --lift to end it.');
	const address = addressOf(at);

	const running = whatRuns();
	const { variables, close } = running ?? (await openDatabase(readSettings().DATABASE_URL));
	onEnd(close);
	const db = connect({ databaseUrl: variables.DATABASE_URL, sqlEndpoint: variables.NEON_SQL_ENDPOINT });
	const person = await people.suspend(db, username, !lift, new Date());
	if (!person) throw new Trouble(`Nobody has the username ${username}.`);
	const told = await operate(address, '/operator/notices', 'notices:tell', {}).catch((error: unknown) => {
		// What stands in the database is told by the cron trigger.
		if (error instanceof Trouble && at === undefined) return null;
		throw error;
	});
	if (lift) return console.log(`${person.username} may log in again.`);
	const open = told ? 'What they had open is closed' : 'What they have open closes within a minute';
	console.log(`${person.username} is suspended: logged out everywhere. ${open}.`);
});

/** The embedded database has one owner: while `npm start` runs, it is asked through the gateway of that. */
function whatRuns() {
	const file = join(dataFolder(), 'worker.env');
	if (readSettings().DATABASE_URL || !existsSync(join(dataFolder(), 'running.json')) || !existsSync(file))
		return null;
	const { DATABASE_URL, NEON_SQL_ENDPOINT } = parseEnv(readFileSync(file, 'utf8'));
	return DATABASE_URL && NEON_SQL_ENDPOINT
		? { variables: { DATABASE_URL, NEON_SQL_ENDPOINT }, close: async () => {} }
		: null;
}
