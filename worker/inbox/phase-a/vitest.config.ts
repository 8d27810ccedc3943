import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
export default defineConfig({
	root: '/work/main',
	plugins: [cloudflareTest(({ inject }: any) => ({ wrangler: { configPath: './worker/inbox/phase-a/wrangler.toml' }, miniflare: { bindings: { NEON_SQL_ENDPOINT: inject('sqlEndpoint') } } }))],
	test: { name: 'inbox', include: ['worker/inbox/*.test.ts'], globalSetup: './worker/inbox/phase-a/database.ts' },
});
