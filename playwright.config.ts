import { defineConfig } from '@playwright/test';
import { findBrowser } from './scripts/browser.ts';

/*
 * A real Chromium against the built app. Each worker process has a Kith of its own, with its own data and port: see
 * tests/e2e/fixtures.ts. `npm run test:e2e` takes Playwright's arguments.
 */
export default defineConfig({
	testDir: 'tests/e2e',
	outputDir: 'test-results',
	fullyParallel: true,
	workers: 2,
	// Generous, for two busy cores: what is wrong shows by itself, not by being slow.
	timeout: 180_000,
	expect: { timeout: 30_000 },
	reporter: 'list',
	use: {
		browserName: 'chromium',
		locale: 'en-GB',
		trace: 'retain-on-failure',
		launchOptions: {
			executablePath: process.env.KITH_BROWSER ?? findBrowser() ?? undefined,
			args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
		},
	},
});
