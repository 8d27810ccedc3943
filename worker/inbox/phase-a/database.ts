import { pgliteBackend } from '../../../scripts/database/backends.ts';
import { serve } from '../../../scripts/database/gateway.ts';
import { migrate } from '../../../scripts/database/migrate.ts';
export default async function start(project: any) {
	const backend = await pgliteBackend('memory');
	await migrate(backend);
	const gateway = await serve({ backend, port: 0 });
	for (const query of ['alter table people add column if not exists last_active_at timestamptz', 'create table if not exists mutes (person_id text, room text, primary key (person_id, room))']) {
		const r = await fetch(gateway.endpoint, { method: 'POST', headers: { 'Neon-Connection-String': 'postgres://x@y/z', 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' }, body: JSON.stringify({ query, params: [] }) });
		if (!r.ok) throw new Error(await r.text());
	}
	project.provide('sqlEndpoint', gateway.endpoint);
	return async () => { await gateway.close(); await backend.close(); };
}
