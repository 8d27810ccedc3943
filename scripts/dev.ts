import { makeDemo } from './demo.ts';
import { openDatabase } from './stack/database.ts';
import { freePort, needPort } from './stack/free-port.ts';
import { claim } from './stack/processes.ts';
import { main, step, Trouble } from './stack/say.ts';
import { dataFolder, makeSettings, port, readSettings, writeVariables } from './stack/settings.ts';
import { answering, run, runWorker, sweepEveryMinute, WRANGLER_ENV } from './stack/worker.ts';

/*
 * npm run dev: `vite dev` for the pages, which it reloads as they are edited, beside `wrangler dev` for sockets and
 * objects, which it restarts. The pages reach the objects through the adapter's platformProxy, the browser through
 * Vite's proxy. The same data as npm start.
 */

const show = (text: string) => void process.stdout.write(text);

await main(async (onEnd) => {
	const at = port('PORT', 5173);
	const claimed = await claim(dataFolder());
	onEnd(claimed.release);
	await needPort(at);

	makeSettings();
	const settings = readSettings();
	const database = await step('Database', async () => {
		const value = await openDatabase(settings.DATABASE_URL);
		onEnd(value.close);
		const applied = await value.migrate();
		return { said: `${value.name}, ${applied.length} migrations applied`, value };
	});

	const objectsAt = await freePort();
	const variables = writeVariables({ ...settings, ...database.variables });
	const worker = await step('Worker', async () => {
		const config = 'worker/objects.wrangler.toml';
		const value = await runWorker(claimed, { port: objectsAt, variables, config, show });
		onEnd(value.stop);
		return { said: 'answers', value };
	});
	sweepEveryMinute(objectsAt);

	const url = `http://localhost:${at}`;
	const pages = await step('Pages', async () => {
		const value = run(
			claimed,
			'node_modules/vite/bin/vite.js',
			['dev', '--port', String(at), '--strictPort', '--clearScreen', 'false'],
			{
				...WRANGLER_ENV,
				KITH_DATA: dataFolder(),
				KITH_VARIABLES: variables,
				KITH_WORKER_URL: `http://127.0.0.1:${objectsAt}`,
			},
			show,
		);
		onEnd(value.stop);
		await answering(at, value, 'The pages do not start');
		return { said: 'answer', value };
	});
	if (process.argv.includes('--demo')) console.log(`\n${await makeDemo(url)}`);

	console.log(`\nKith is ready: ${url}. Edit, and look.`);
	await Promise.race([worker.ended, pages.ended]);
	throw new Trouble('A part of it ended by itself: see above.');
});
