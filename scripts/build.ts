import { buildPages } from './stack/pages.ts';
import { main, step } from './stack/say.ts';

/* npm run build: the pages, as `wrangler deploy` takes them. */

await main(() => step('Pages', async () => ({ said: await buildPages(), value: undefined })));
