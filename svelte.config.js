import adapter from '@sveltejs/adapter-cloudflare';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';
import { withObjects } from './worker/dev-bindings.js';

/** @type {import('@sveltejs/kit').Config} */
export default {
	preprocess: vitePreprocess(),
	compilerOptions: {
		runes: ({ filename }) => (filename.includes('node_modules') ? undefined : true),
	},
	kit: {
		// The adapter deletes and rewrites the file its wrangler config names as `main`. It gets a config of its
		// own, so that this file is never worker/index.ts.
		adapter: withObjects(
			adapter({
				config: 'worker/kit.wrangler.toml',
				// For npm run dev, which says where this machine keeps its data, and the variables of the Worker.
				platformProxy: {
					configPath: 'worker/dev.wrangler.toml',
					persist: { path: `${process.env.KITH_DATA ?? '.data'}/objects/v3` },
					envFiles: [process.env.KITH_VARIABLES ?? '.dev.vars'],
				},
			}),
		),
		csp: {
			mode: 'auto',
			directives: {
				'default-src': ['none'],
				'script-src': ['self'],
				'style-src': ['self', 'unsafe-inline'], // Svelte writes style attributes for transitions and sizes
				'img-src': ['self', 'blob:', 'data:'],
				'media-src': ['self', 'blob:'],
				'font-src': ['self'],
				'connect-src': ['self'],
				'worker-src': ['self', 'blob:'],
				'manifest-src': ['self'],
				'form-action': ['self'],
				'base-uri': ['none'],
				'frame-ancestors': ['none'],
			},
		},
	},
};
