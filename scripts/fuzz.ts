import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { needBrowser } from './browser.ts';
import { buildPages } from './stack/pages.ts';
import { main, Trouble } from './stack/say.ts';
import { root } from './stack/settings.ts';

/*
 * npm run test:fuzz: what `npm test` does with a few hundred generated frames and requests, with many. Everything follows
 * from FUZZ_SEED, which is said at the beginning: the same again finds the same. FUZZ_FRAMES, FUZZ_LIVE and FUZZ_REQUESTS
 * set how many; FUZZ_FROM starts at one that went wrong.
 */

const LONG = { FUZZ_FRAMES: '100000', FUZZ_LIVE: '5000', FUZZ_REQUESTS: '10000' };

const vitest = (project: string, files: string) => [
	'vitest/vitest.mjs',
	...['run', '--project', project, '--reporter', 'verbose', files],
];
const RUNS: [what: string, program: string[]][] = [
	['frames against the parsers', vitest('unit', 'tests/fuzz')],
	['frames against a live room', vitest('worker', 'worker/room/fuzz')],
	['requests against the built app', ['@playwright/test/cli.js', 'test', 'fuzz.spec.ts']],
];

await main(async (onEnd) => {
	const seed = process.env.FUZZ_SEED ?? String(Math.floor(Math.random() * 1e9));
	const env = { ...LONG, ...process.env, FUZZ_SEED: seed, KITH_BROWSER: needBrowser(console.log) };
	console.log(`FUZZ_SEED=${seed}\n`);
	await buildPages();
	const failed: string[] = [];
	for (const [what, [program = '', ...args]] of RUNS) {
		const began = performance.now();
		const child = spawn(process.execPath, [join(root, 'node_modules', program), ...args], {
			cwd: root,
			stdio: 'inherit',
			env,
		});
		onEnd(() => child.kill());
		const [code] = (await once(child, 'close')) as [number | null];
		if (code !== 0) failed.push(what);
		const seconds = Math.round((performance.now() - began) / 1000);
		console.log(`${what}: ${code === 0 ? 'passed' : 'FAILED'} (${seconds} s)\n`);
	}
	if (failed.length > 0) throw new Trouble(`FUZZ_SEED=${seed} found something: ${failed.join('; ')}.`);
});
