import { WorkerEntrypoint } from 'cloudflare:workers';
import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { problem } from './problem.ts';
import { sweep } from './sweep.ts';

export { Inbox } from './inbox/inbox-object.ts';
export { Room } from './room/room-object.ts';

/** The Worker for `npm run dev`: sockets and objects only, beside `vite dev`, which has the pages. */
const pages = {
	fetch: () => problem(404, 'unknown_address', 'While developing, the pages are at the address vite prints.'),
};

/**
 * How the pages of `vite dev` reach the objects from their own process (see worker/dev-bindings.js): an object reached
 * across processes by its own binding would not know its name.
 */
export class Objects extends WorkerEntrypoint<Env> {
	/** @returns the result as JSON: an object would arrive in Node as a stub of itself, which pages cannot serialise */
	async call(binding: string, name: string, method: string, args: unknown[]): Promise<string> {
		const namespace = this.env[binding as keyof Env] as unknown as {
			getByName(name: string): Record<string, (...args: unknown[]) => Promise<unknown>>;
		};
		// Called on the stub and not taken off it first: its methods exist only in the call.
		return JSON.stringify({ result: await namespace.getByName(name)[method]!(...args) });
	}
}

export default { fetch: createApp({ pages }).fetch, scheduled: sweep } satisfies ExportedHandler<Env>;
