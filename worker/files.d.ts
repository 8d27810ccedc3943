/** A file as a `data:` address, which Vite makes of it for a test. */
declare module '*?url&inline' {
	const url: string;
	export default url;
}
