import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { sweep } from './sweep.ts';

export { Inbox } from './inbox/inbox-object.ts';
export { Room } from './room/room-object.ts';

/** The Worker under test, with pages that only say that they were asked. */
const pages = {
	fetch: (request: Request) => {
		if (new URL(request.url).pathname === '/broken') throw new Error('a secret of the inside');
		return new Response(`page ${new URL(request.url).pathname}`);
	},
};

export default { fetch: createApp({ pages }).fetch, scheduled: sweep } satisfies ExportedHandler<Env>;
