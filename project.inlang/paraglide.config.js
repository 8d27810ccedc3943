import { defineConfig } from '@inlang/paraglide-js';

export default defineConfig({
	outdir: './src/lib/paraglide',
	// English only: no cookie, no URL pattern, no request middleware, and almost no run time in the browser.
	strategy: ['baseLocale'],
	disableAsyncLocalStorage: true,
	emitTsDeclarations: true,
});
