import { defineConfig } from 'vitest/config';

export default defineConfig({
	test: {
		projects: [
			{
				extends: './vite.config.ts',
				test: {
					name: 'unit',
					include: ['src/**/*.test.ts', 'scripts/**/*.test.ts', 'tests/**/*.test.ts'],
					environment: 'node',
					// A database is started in hooks, on machines that are busy with other things.
					hookTimeout: 60_000,
					testTimeout: 30_000,
				},
			},
			'./worker/vitest.config.ts',
		],
	},
});
