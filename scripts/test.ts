import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { needBrowser } from './browser.ts';
import { weighBundle } from './bundle.ts';
import { buildPages } from './stack/pages.ts';
import { main, Trouble } from './stack/say.ts';
import { root } from './stack/settings.ts';

/*
 * npm test: every check there is, in the order in which they are likely to fail fast, each to its end, and a last line
 * that says how many passed. `npm run test:unit` and its like run one of them, with arguments for its program.
 */

interface Outcome {
	passed: number;
	failed: number;
	skipped?: number;
	/** Shown when something failed. */
	output: string;
	/** Something to know although it passed. */
	note?: string;
}

const scratch = mkdtempSync(join(tmpdir(), 'kith-test-'));
const [only, ...args] = process.argv.slice(2);
const bin = (name: string) => join(root, 'node_modules', name);
const paraglide = bin('@inlang/paraglide-js/bin/run.js');

let running: ChildProcess | undefined;

/** Runs a Node program to its end; when it is the only one asked for, what it says is seen at once. */
function run(
	program: string,
	args: string[],
	env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
	const child = spawn(process.execPath, [program, ...args], {
		cwd: root,
		stdio: only ? 'inherit' : ['ignore', 'pipe', 'pipe'],
		env: { ...process.env, ...env },
	});
	running = child;
	let output = '';
	for (const stream of [child.stdout, child.stderr])
		stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
	return new Promise((resolve, reject) => {
		child.on('error', reject);
		child.on('close', (code) =>
			resolve({ code: code ?? 1, output: stripVTControlCharacters(output).trim() }),
		);
	});
}

/** Programs that pass or fail as a whole: the first that fails ends it. */
async function all(...programs: [string, ...string[]][]): Promise<Outcome> {
	for (const [program, ...args] of programs) {
		const { code, output } = await run(program, args);
		if (code !== 0) return { passed: 0, failed: 1, output };
	}
	return { passed: 1, failed: 0, output: '' };
}

async function vitest(project: string): Promise<Outcome> {
	const report = join(scratch, `${project}.json`);
	const options = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
	if (!only) options.push('--allowOnly=false');
	const { code, output } = await run(bin('vitest/vitest.mjs'), [
		'run',
		'--project',
		project,
		...options,
		...args,
	]);
	const { numPassedTests: passed = 0, numFailedTests = 0, numPendingTests: skipped = 0 } = readReport(report);
	// A file that cannot be loaded, or an error outside any test, fails no test.
	return { passed, failed: Math.max(numFailedTests, code === 0 ? 0 : 1), skipped, output };
}

async function playwright(): Promise<Outcome> {
	const browser = needBrowser(console.log);
	const report = join(scratch, 'e2e.json');
	const options = ['--reporter=list,json', ...(only ? [] : ['--forbid-only'])];
	const { code, output } = await run(bin('@playwright/test/cli.js'), ['test', ...options, ...args], {
		KITH_BROWSER: browser,
		PLAYWRIGHT_JSON_OUTPUT_FILE: report,
	});
	const { expected: passed = 0, unexpected = 0, flaky = 0, skipped = 0 } = readReport(report).stats ?? {};
	return { passed: passed + flaky, failed: Math.max(unexpected, code === 0 ? 0 : 1), skipped, output };
}

interface Report {
	numPassedTests?: number;
	numFailedTests?: number;
	numPendingTests?: number;
	stats?: { expected: number; unexpected: number; flaky: number; skipped: number };
}
function readReport(path: string): Report {
	try {
		return JSON.parse(readFileSync(path, 'utf8')) as Report;
	} catch {
		return {};
	}
}

const generated: [string, ...string[]][] = [
	[bin('@sveltejs/kit/svelte-kit.js'), 'sync'],
	[paraglide, 'compile', '--project', './project.inlang', '--silent'],
];

const STEPS: Record<string, { title: string; run: () => Promise<Outcome> }> = {
	format: { title: 'formatting', run: () => all([bin('prettier/bin/prettier.cjs'), '--check', '.']) },
	lint: { title: 'lint', run: () => all([bin('oxlint/bin/oxlint'), '--deny-warnings', ...args]) },
	check: {
		title: 'types',
		run: () =>
			all(
				...generated,
				[bin('svelte-check/bin/svelte-check'), '--tsconfig', './tsconfig.json', '--fail-on-warnings'],
				[bin('typescript/bin/tsc'), '--project', 'worker'],
			),
	},
	unit: {
		title: 'unit tests',
		run: async () => ({
			...(await vitest('unit')),
			...(process.env.TEST_DATABASE_URL
				? {}
				: {
						note: 'TEST_DATABASE_URL is not set: what races ran on PGlite only, which takes one query at a time.',
					}),
		}),
	},
	worker: { title: 'tests in workerd', run: () => vitest('worker') },
	build: {
		title: 'build',
		run: async () => (await buildPages(), { passed: 1, failed: 0, output: '' }),
	},
	bundle: { title: 'size of the bundles', run: () => weighBundle(scratch) },
	e2e: {
		title: 'end-to-end tests',
		run: async () => (await buildPages(), playwright()),
	},
};

async function runStep(name: string): Promise<Outcome> {
	const { title, run } = STEPS[name]!;
	const began = performance.now();
	if (!only) process.stdout.write(`${`${title} …`.padEnd(24)}`);
	const outcome = await run().catch((error: unknown): Outcome => {
		const output = error instanceof Trouble ? error.message : String((error as Error).stack ?? error);
		return { passed: 0, failed: 1, output };
	});
	const { passed, failed, skipped, output, note } = outcome;
	const counts = [`${passed} passed`, failed ? `${failed} FAILED` : '', skipped ? `${skipped} skipped` : ''];
	const seconds = ((performance.now() - began) / 1000).toFixed(1);
	console.log(`${only ? `${title}: ` : ''}${counts.filter(Boolean).join(', ')} (${seconds} s)`);
	if (note) console.log(`  ${note}`);
	if (failed && output) console.log(`\n${output}\n`);
	return outcome;
}

await main(async (onEnd) => {
	onEnd(() => rmSync(scratch, { recursive: true, force: true }));
	onEnd(() => running?.kill());
	if (only && !STEPS[only])
		throw new Trouble(`There is no such check: ${only}. There are ${Object.keys(STEPS).join(', ')}.`);
	let passed = 0;
	let failed = 0;
	for (const name of only ? [only] : Object.keys(STEPS)) {
		const outcome = await runStep(name);
		passed += outcome.passed;
		failed += outcome.failed;
	}
	console.log(`${passed} passed, ${failed} failed`);
	if (failed > 0 || passed === 0) process.exitCode = 1;
});
