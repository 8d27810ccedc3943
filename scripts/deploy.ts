import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { isNeon, openDatabase, parseDatabaseUrl } from './stack/database.ts';
import { buildPages } from './stack/pages.ts';
import { main, step, Trouble } from './stack/say.ts';
import { root } from './stack/settings.ts';

/*
 * npm run deploy: builds, brings the database of DATABASE_URL up to date, and hands over to `wrangler deploy`, which gets
 * the rest of the command line. A dry run leaves the database alone.
 */

await main(async (onEnd) => {
	const args = process.argv.slice(2);
	const dryRun = args.includes('--dry-run');
	const url = process.env.DATABASE_URL;
	if (!url && !dryRun)
		throw new Trouble(
			'Set DATABASE_URL to the direct (not pooled) address of the production database: its tables are brought up to date first.',
		);

	await step('Pages', async () => ({ said: await buildPages(), value: undefined }));
	if (url && !dryRun) {
		const { hostname } = parseDatabaseUrl(url);
		await step('Migrations', async () => {
			const database = await openDatabase(url);
			onEnd(database.close);
			const applied = await database.migrate();
			return { said: `${database.name}: ${applied.join(', ') || 'up to date'}`, value: undefined };
		});
		if (!isNeon(hostname))
			console.log(`  ${hostname} is no Neon database: the deployed Worker can use only one that is.`);
	}

	const wrangler = spawn(
		process.execPath,
		[join(root, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', ...args],
		{ cwd: root, stdio: 'inherit', env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } },
	);
	onEnd(() => wrangler.kill());
	const [code] = (await once(wrangler, 'close')) as [number | null];
	if (code !== 0) throw new Trouble('wrangler could not deploy: see what it says above.');
});
