import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { Trouble } from './stack/say.ts';
import { root } from './stack/settings.ts';

const INSTALLED = [
	'/usr/bin/chromium',
	'/usr/bin/chromium-browser',
	'/usr/bin/google-chrome',
	'/usr/bin/google-chrome-stable',
	'/snap/bin/chromium',
	'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
	'/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** Downloads hang on some networks rather than fail. */
const DOWNLOAD_WITHIN = 300_000;

/** A program that is there can still lack the libraries it needs. */
function runs(path: string): boolean {
	return existsSync(path) && spawnSync(path, ['--version', '--no-sandbox'], { timeout: 20_000 }).status === 0;
}

/** The Chromium that the tests use: KITH_BROWSER, Playwright's own, or the machine's. Null when there is none that runs. */
export function findBrowser(): string | null {
	const asked = process.env.KITH_BROWSER;
	if (asked) {
		if (runs(asked)) return asked;
		throw new Trouble(`KITH_BROWSER is ${asked}, which does not run.`);
	}
	return [chromium.executablePath(), ...INSTALLED].find(runs) ?? null;
}

/**
 * Finds a Chromium, or installs one.
 * @param say told what takes long
 * @throws Trouble when neither works: tests in a browser are never left out in silence
 */
export function needBrowser(say: (text: string) => void): string {
	const found = findBrowser();
	if (found) return found;

	say('No Chromium here yet: installing the one of Playwright …');
	const playwright = join(root, 'node_modules/@playwright/test/cli.js');
	const attempts = [run(process.execPath, [playwright, 'install', 'chromium'], DOWNLOAD_WITHIN)];
	let browser = findBrowser();
	if (!browser && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
		say('That did not give one that runs: installing Debian’s package …');
		attempts.push(run('apt-get', ['update'], DOWNLOAD_WITHIN));
		attempts.push(run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], DOWNLOAD_WITHIN));
		browser = findBrowser();
	}
	if (browser) return browser;
	throw new Trouble(
		`The end-to-end tests need Chromium, and it could not be installed. Install Chromium or Chrome, or set KITH_BROWSER to its program.\n\n${attempts.join('\n')}`,
	);
}

function run(program: string, args: string[], timeout: number): string {
	const { stdout, stderr, error } = spawnSync(program, args, {
		timeout,
		encoding: 'utf8',
		env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
	});
	return [program, ...args].join(' ') + '\n' + (stdout + stderr + (error?.message ?? '')).slice(-2_000);
}
