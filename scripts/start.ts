import { relative } from 'node:path';
import { makeDemo } from './demo.ts';
import { openDatabase } from './stack/database.ts';
import { needPort } from './stack/free-port.ts';
import { buildPages } from './stack/pages.ts';
import { claim } from './stack/processes.ts';
import { main, step, Trouble } from './stack/say.ts';
import { dataFolder, makeSettings, port, readSettings, root, writeVariables } from './stack/settings.ts';
import { runWorker, sweepEveryMinute } from './stack/worker.ts';

/*
 * npm start: the whole app on this machine, as it is built for production. With --demo, two people who know each other.
 */

await main(async (onEnd) => {
	const demo = process.argv.includes('--demo');
	const at = port('PORT', 8787);

	const claimed = await claim(dataFolder());
	onEnd(claimed.release);
	await needPort(at);

	await step('Settings', async () => {
		const said = {
			made: 'made .dev.vars with new secrets',
			completed: 'added to .dev.vars what was missing',
			complete: 'as in .dev.vars',
		};
		return { said: said[makeSettings()], value: undefined };
	});
	const settings = readSettings();

	const database = await step('Database', async () => {
		const value = await openDatabase(settings.DATABASE_URL);
		onEnd(value.close);
		return { said: value.name, value };
	});
	await step('Migrations', async () => {
		const applied = await database.migrate();
		return { said: applied.length > 0 ? `${applied.length} applied` : 'up to date', value: undefined };
	});
	await step('Pages', async () => ({ said: await buildPages(), value: undefined }));

	const url = `http://localhost:${at}`;
	const worker = await step('Worker', async () => {
		const variables = writeVariables({ ...settings, ...database.variables });
		const value = await runWorker(claimed, {
			port: at,
			variables,
			show: (text) => process.stderr.write(text),
		});
		onEnd(value.stop);
		return { said: 'answers', value };
	});
	sweepEveryMinute(at);
	if (demo) console.log(`\n${await makeDemo(url)}`);

	console.log(`\nKith is ready: ${url}`);
	console.log(`Ctrl-C stops it. Everything is kept in ${relative(root, dataFolder()) || dataFolder()}.`);
	await worker.ended;
	throw new Trouble(`The worker ended by itself:\n\n${worker.output()}`);
});
