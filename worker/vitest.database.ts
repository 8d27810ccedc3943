import type { TestProject } from 'vitest/node';
import { pgliteBackend } from '../scripts/database/backends.ts';
import { serve } from '../scripts/database/gateway.ts';
import { migrate } from '../scripts/database/migrate.ts';

declare module 'vitest' {
	interface ProvidedContext {
		sqlEndpoint: string;
	}
}

/** An empty database behind the local gateway, for the few tests in workerd that ask one. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
	const backend = await pgliteBackend('memory');
	await migrate(backend);
	const gateway = await serve({ backend, port: 0 });
	project.provide('sqlEndpoint', gateway.endpoint);
	return async () => {
		await gateway.close();
		await backend.close();
	};
}
