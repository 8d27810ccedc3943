import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Trouble } from './say.ts';
import { root } from './settings.ts';

/** What the built pages are made from. */
const SOURCES = [
	'src',
	'static',
	'messages',
	'project.inlang/settings.json',
	'package.json',
	'package-lock.json',
	'svelte.config.js',
	'vite.config.ts',
	'worker/kit.wrangler.toml',
];
/** Made from the sources, inside them. */
const GENERATED = join(root, 'src/lib/paraglide');

const built = join(root, '.svelte-kit/cloudflare/_worker.js');
const stamp = join(root, '.svelte-kit/built-from');

function files(path: string): string[] {
	if (path === GENERATED || !existsSync(path)) return [];
	if (!statSync(path).isDirectory()) return [path];
	return readdirSync(path)
		.sort()
		.flatMap((name) => files(join(path, name)));
}

/** Names a state of the sources, and the build that came of it: one made by other means is not taken for it. */
function fingerprint(): string {
	const hash = createHash('sha256');
	for (const file of SOURCES.flatMap((path) => files(join(root, path))))
		hash
			.update(`${relative(root, file)}\0`)
			.update(readFileSync(file))
			.update('\0');
	return `${hash.digest('hex')} ${existsSync(built) ? statSync(built).mtimeMs : 'none'}`;
}

/**
 * Builds the pages, unless nothing has changed since they were built.
 * @throws Trouble with what vite said when they do not build
 */
export async function buildPages(): Promise<'built' | 'unchanged'> {
	if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return 'unchanged';
	const before = fingerprint();
	const vite = spawn(
		process.execPath,
		[join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
		{
			cwd: root,
			stdio: ['ignore', 'pipe', 'pipe'],
			env: { ...process.env, NODE_ENV: 'production' },
		},
	);
	const kill = () => vite.kill();
	process.once('exit', kill);
	let said = '';
	for (const stream of [vite.stdout, vite.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => (said += text));
	const [code] = (await once(vite, 'close')) as [number | null];
	process.off('exit', kill);
	if (code !== 0) throw new Trouble(`The pages do not build:\n\n${stripVTControlCharacters(said).trim()}`);
	// An edit made while it was building is not in it.
	if (fingerprint().split(' ')[0] === before.split(' ')[0]) writeFileSync(stamp, fingerprint());
	return 'built';
}
