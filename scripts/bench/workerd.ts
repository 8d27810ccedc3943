import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ts from 'typescript';
import { unstable_readConfig } from 'wrangler';
import { freePort } from '../stack/free-port.ts';
import { Trouble } from '../stack/say.ts';
import { root } from '../stack/settings.ts';
import { WRANGLER_ENV } from '../stack/worker.ts';

/** A Worker of one's own under plain `workerd serve`, its objects on the local disk. */
export interface Served {
	port: number;
	stop(): Promise<void>;
}

interface Setup {
	/** Everything of it goes here. */
	folder: string;
	/** The first is the main one. */
	modules: { name: string; code: string }[];
	/** Binding to class, for every class of objects. */
	objects: Record<string, string>;
	variables: Record<string, string>;
}

// wrangler's own workerd knows the compatibility date of wrangler.toml.
const program = () =>
	createRequire(createRequire(import.meta.url).resolve('wrangler')).resolve('workerd/bin/workerd');

/** Starts workerd on what it served here before, if it did. */
export async function serve({ folder, modules, objects, variables }: Setup): Promise<Served> {
	const port = await freePort();
	const disk = join(folder, 'objects');
	mkdirSync(disk, { recursive: true });
	for (const { name, code } of modules) writeFileSync(join(folder, name), code);
	const text = (value: string) => JSON.stringify(value);
	const bindings = [
		...Object.entries(objects).map(
			([name, className]) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`,
		),
		...Object.entries(variables).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`),
	];
	const classes = Object.values(objects).map(
		(name) => `(className = ${text(name)}, uniqueKey = ${text(`bench-${name}`)}, enableSql = true)`,
	);
	const esModules = modules.map(({ name }) => `(name = ${text(name)}, esModule = embed ${text(name)})`);
	const config = join(folder, 'config.capnp');
	writeFileSync(
		config,
		`using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
	services = [
		(name = "main", worker = .worker),
		(name = "disk", disk = (path = ${text(disk)}, writable = true)),
		(name = "internet", network = (allow = ["public", "private", "local"])),
	],
	sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
	modules = [${esModules.join(', ')}],
	compatibilityDate = ${text(settings().compatibility_date)},
	bindings = [${bindings.join(', ')}],
	durableObjectNamespaces = [${classes.join(', ')}],
	durableObjectStorage = (localDisk = "disk"),
);
`,
	);

	const child = spawn(program(), ['serve', config, '--experimental'], { stdio: ['ignore', 'pipe', 'pipe'] });
	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (words: string) => (said = (said + words).slice(-10_000)));
	const kill = () => child.kill('SIGKILL');
	process.once('exit', kill);
	const ended = once(child, 'exit').then(() => process.off('exit', kill));

	for (const until = Date.now() + 30_000; ; await sleep(50)) {
		const answer = await fetch(`http://127.0.0.1:${port}/bench/`).catch(() => null);
		if ((await answer?.text()) === 'ready') break;
		if (child.exitCode !== null || Date.now() > until)
			throw (kill(), new Trouble(`workerd does not serve ${folder}:\n\n${said}`));
	}
	return { port, stop: () => (kill(), ended.then(() => {})) };
}

/** The part of wrangler.toml that workerd must be told. */
interface Settings {
	compatibility_date: string;
	durable_objects: { bindings: { name: string; class_name: string }[] };
}
const settings = () => unstable_readConfig({ config: join(root, 'wrangler.toml') }) as Settings;

/** The Worker as `wrangler deploy` would upload it. */
export function bundle(folder: string): string {
	const { status, stdout, stderr } = spawnSync(
		process.execPath,
		[join(root, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run', '--outdir', folder],
		{ cwd: root, encoding: 'utf8', env: { ...process.env, ...WRANGLER_ENV } },
	);
	if (status !== 0) throw new Trouble(`The worker does not bundle:\n\n${stdout}${stderr}`);
	return readFileSync(join(folder, 'index.js'), 'utf8');
}

/** The classes of objects that wrangler.toml names, by binding. */
export function objectsOfKith(): Record<string, string> {
	const { bindings } = settings().durable_objects;
	return Object.fromEntries(bindings.map(({ name, class_name }) => [name, class_name]));
}

/** JavaScript from one of the benchmark's own TypeScript files. */
export function compiled(path: string): string {
	const source = readFileSync(join(import.meta.dirname, path), 'utf8');
	const { outputText } = ts.transpileModule(source, {
		compilerOptions: { target: ts.ScriptTarget.ES2024, module: ts.ModuleKind.ESNext },
	});
	return outputText;
}
