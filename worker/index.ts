import pages from '../.svelte-kit/cloudflare/_worker.js';
import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { sweep } from './sweep.ts';

export { Inbox } from './inbox/inbox-object.ts';
export { Room } from './room/room-object.ts';

export default { fetch: createApp({ pages }).fetch, scheduled: sweep } satisfies ExportedHandler<Env>;
