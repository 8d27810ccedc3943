import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

/** Where `wrangler dev` runs the objects while `vite dev` serves the pages. */
const worker = process.env.KITH_WORKER_URL ?? 'http://127.0.0.1:8788';

export default defineConfig({
	plugins: [
		paraglideVitePlugin({ project: './project.inlang' }), // its options: project.inlang/paraglide.config.js
		sveltekit(),
	],
	server: {
		proxy: {
			'/ws': { target: worker, ws: true },
			'/media': { target: worker },
			'/avatars': { target: worker },
		},
	},
});
