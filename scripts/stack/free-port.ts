import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Trouble } from './say.ts';

const PATIENCE = 3_000;

/** What goes wrong when something listens there: null when nothing does. */
function listening(port: number, host: string): Promise<string | null> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
		server.listen(port, host, () => server.close(() => resolve(null)));
	});
}

/**
 * Makes sure that a port can be listened on. One that was left a moment ago is waited for.
 * @throws Trouble when it cannot
 */
export async function needPort(port: number, instead = 'PORT'): Promise<void> {
	for (const until = Date.now() + PATIENCE; ; await sleep(200)) {
		// A browser takes "localhost" for either of these.
		const problems = await Promise.all([listening(port, '127.0.0.1'), listening(port, '::1')]);
		if (problems[0] === 'EACCES')
			throw new Trouble(`Port ${port} needs more rights than yours: choose one above 1023 with ${instead}.`);
		if (!problems.includes('EADDRINUSE')) return;
		if (Date.now() > until)
			throw new Trouble(
				`Port ${port} is busy: stop what listens there, or choose another with ${instead}=${port + 1}.`,
			);
	}
}

/** A port that nothing listens on, and that nothing else will be given soon. */
export function freePort(): Promise<number> {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as AddressInfo;
			server.close(() => resolve(port));
		});
	});
}
