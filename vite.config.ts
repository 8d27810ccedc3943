import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig, type Plugin } from 'vite';

/** Where `wrangler dev` runs the objects while `vite dev` serves the pages. */
const worker = process.env.KITH_WORKER_URL ?? 'http://127.0.0.1:8788';

/** What so many pages need is one script: apart, that is eighteen more requests and a twentieth more bytes (gzip). */
const SHARED_BY = 8;

const sharedChunk: Plugin = {
	name: 'shared-chunk',
	config: (_, { isSsrBuild }) => {
		if (isSsrBuild) return;
		const groups = [{ name: 'shared', minShareCount: SHARED_BY, test: /\/src\/|svelte|devalue/ }];
		return { build: { rolldownOptions: { output: { codeSplitting: { groups } } } } };
	},
};

export default defineConfig({
	plugins: [
		paraglideVitePlugin({ project: './project.inlang' }), // its options: project.inlang/paraglide.config.js
		sveltekit(),
		sharedChunk,
	],
	server: {
		proxy: {
			'/ws': { target: worker, ws: true },
			'/media': { target: worker },
			'/avatars': { target: worker },
		},
	},
});
