import type { TestProject } from 'vitest/node';
import { pgliteBackend } from '../scripts/database/backends.ts';
import { serve } from '../scripts/database/gateway.ts';
import { migrate } from '../scripts/database/migrate.ts';
import { seedOf } from '../tests/fuzz/random.ts';

declare module 'vitest' {
	interface ProvidedContext {
		sqlEndpoint: string;
		/** Which generated frames, and how many, for a live room. */
		fuzz: { seed: number; live: number };
	}
}

/** An empty database behind the local gateway, for the few tests in workerd that ask one. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
	const backend = await pgliteBackend('memory');
	await migrate(backend);
	const gateway = await serve({ backend, port: 0 });
	project.provide('sqlEndpoint', gateway.endpoint);
	const { FUZZ_SEED, FUZZ_LIVE = '500' } = process.env;
	project.provide('fuzz', { seed: seedOf(FUZZ_SEED), live: Number(FUZZ_LIVE) });
	return async () => {
		await gateway.close();
		await backend.close();
	};
}
