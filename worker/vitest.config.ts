import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineProject } from 'vitest/config';

export default defineProject({
	root: fileURLToPath(new URL('..', import.meta.url)),
	plugins: [
		cloudflareTest(({ inject }) => ({
			wrangler: { configPath: './worker/test.wrangler.toml' },
			miniflare: { bindings: { NEON_SQL_ENDPOINT: inject('sqlEndpoint') } },
		})),
	],
	test: {
		name: 'worker',
		include: ['worker/**/*.test.ts'],
		globalSetup: './worker/vitest.database.ts',
		// On machines that are busy with other things.
		testTimeout: 20_000,
	},
});
