import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Trouble } from './stack/say.ts';
import { root } from './stack/settings.ts';
import { WRANGLER_ENV } from './stack/worker.ts';

export interface Budget {
	/** The page whose JavaScript is weighed: all that is needed until it is interactive. */
	conversation: { route: string; javascriptGzipBytes: number };
	worker: { gzipKiB: number };
}

export function readBudget(): Budget {
	return JSON.parse(readFileSync(join(root, 'tests/budget.json'), 'utf8')) as Budget;
}

/** The parts of SvelteKit's built manifest that say what a page loads. */
interface Manifest {
	_: {
		client: { start: string; app: string; imports: string[] };
		nodes: (() => Promise<{ imports: string[] }>)[];
		routes: { id: string; page: { layouts: (number | undefined)[]; leaf: number } | null }[];
	};
}

const output = join(root, '.svelte-kit/output');

/** The scripts that a page of the built app loads before it is interactive, as paths under the client's output. */
async function scriptsOf(route: string): Promise<string[]> {
	const { manifest } = (await import(pathToFileURL(join(output, 'server/manifest-full.js')).href)) as {
		manifest: Manifest;
	};
	const { client, nodes, routes } = manifest._;
	const page = routes.find(({ id }) => id === route)?.page;
	if (!page) throw new Trouble(`tests/budget.json weighs the page ${route}, and there is no such page.`);
	const used = [...page.layouts, page.leaf].filter((index) => index !== undefined);
	const imports = await Promise.all(used.map(async (index) => (await nodes[index]!()).imports));
	const all = [client.start, client.app, ...client.imports, ...imports.flat()];
	return [...new Set(all)].filter((path) => path.endsWith('.js'));
}

/** Found in nothing but the SDK of ZEGOCLOUD, which is for browsers that are in a call: over 500 kB, packed. */
const CALL_SDK = 'accesshub-wss';

/** Checks both bundles against tests/budget.json. */
export async function weighBundle(
	scratch: string,
): Promise<{ passed: number; failed: number; output: string; note: string }> {
	const budget = readBudget();

	const scripts = await scriptsOf(budget.conversation.route);
	const weights = scripts.map((path) => gzipSync(readFileSync(join(output, 'client', path))).length);
	const javascript = weights.reduce((sum, bytes) => sum + bytes, 0);

	const dryRun = spawnSync(
		process.execPath,
		[
			join(root, 'node_modules/wrangler/bin/wrangler.js'),
			'deploy',
			'--dry-run',
			'--outdir',
			join(scratch, 'worker'),
		],
		{ cwd: root, encoding: 'utf8', env: { ...process.env, ...WRANGLER_ENV } },
	);
	const said = dryRun.stdout + dryRun.stderr;
	const gzip = /gzip: ([\d.]+) KiB/.exec(said)?.[1];
	if (dryRun.status !== 0 || gzip === undefined) throw new Trouble(`The worker does not bundle:\n\n${said}`);

	const bundled = join(scratch, 'worker');
	const sdk = readdirSync(bundled)
		.filter((name) => name.endsWith('.js'))
		.some((name) => readFileSync(join(bundled, name), 'utf8').includes(CALL_SDK));
	const kB = (bytes: number) => (bytes / 1000).toFixed(1);
	const lines = [
		[
			javascript <= budget.conversation.javascriptGzipBytes,
			`the conversation loads ${kB(javascript)} of ${kB(budget.conversation.javascriptGzipBytes)} kB of JavaScript`,
		],
		[Number(gzip) <= budget.worker.gzipKiB, `the worker has ${gzip} of ${budget.worker.gzipKiB} KiB`],
		[!sdk, sdk ? 'the worker has the SDK for calls in it' : 'none of it the SDK for calls'],
	] as const;
	const heavy = lines.filter(([fits]) => !fits);
	return {
		passed: lines.length - heavy.length,
		failed: heavy.length,
		output: heavy.map(([, line]) => `Too much: ${line} (gzip).`).join('\n'),
		note: `${lines.map(([, line]) => line).join('; ')} (gzip).`,
	};
}
