/** What `vite build` leaves for worker/index.ts. */
declare module '*/cloudflare/_worker.js' {
	const pages: import('./app.ts').Pages;
	export default pages;
}
