// Every `npm start`, `npm test` and `npm run …` goes through here: plain JavaScript without dependencies, because it runs
// before anything is installed, and by whatever Node the machine has. It installs the packages of package-lock.json when
// they are missing or out of date, then hands over to scripts/<command>.ts, run by the Node that came with them.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = 20;
/** The first that runs TypeScript as it is. */
const TYPESCRIPT_NODE = [22, 18];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const [command, ...args] = process.argv.slice(2);

/** @param {string} sentence @returns {never} */
function giveUp(sentence) {
	console.error(sentence);
	process.exit(1);
}

/** @param {string} path */
function packagesOf(path) {
	try {
		return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
	} catch {
		return {};
	}
}

/** Does node_modules hold what package-lock.json asks for? npm notes what it installed, and only once it has finished. */
function installed() {
	const wanted = packagesOf(join(root, 'package-lock.json'));
	const present = packagesOf(join(modules, '.package-lock.json'));
	return Object.keys(wanted).every((path) => {
		const { version, optional, devOptional } = wanted[path];
		if (path === '' || optional || devOptional) return true;
		return present[path]?.version === version && existsSync(join(root, path));
	});
}

function install() {
	console.log('Installing packages. The first time takes about a minute …');
	const began = Date.now();
	// Not the Node inside node_modules: npm is about to delete it.
	const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.startsWith(modules));
	const npm = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
		cwd: root,
		stdio: ['ignore', 'inherit', 'inherit'],
		env: { ...process.env, PATH: path.join(delimiter) },
		shell: process.platform === 'win32',
	});
	if (npm.error) giveUp(`npm could not be started: ${npm.error.message}.`);
	if (npm.status !== 0) giveUp('The packages could not be installed: see what npm says above.');
	console.log(`Packages installed (${Math.round((Date.now() - began) / 1000)} s).`);
}

/** The Node that came with the packages; the machine's own where that one is missing and new enough. */
function chooseNode() {
	const ours = join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
	if (existsSync(ours)) return ours;
	const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
	const [wantedMajor, wantedMinor] = TYPESCRIPT_NODE;
	if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return process.execPath;
	return giveUp(
		'The npm package "node" was installed without its program, because install scripts are off. Allow them, or use Node 24.',
	);
}

const major = Number(process.versions.node.split('.')[0]);
if (major < OLDEST_NODE)
	giveUp(
		`Kith needs Node ${OLDEST_NODE} or newer; this is Node ${process.versions.node}. See https://nodejs.org.`,
	);
if (!installed()) install();

const child = spawn(chooseNode(), [join(root, 'scripts', `${command}.ts`), ...args], {
	cwd: root,
	stdio: 'inherit',
	env: { ...process.env, PATH: [join(modules, '.bin'), process.env.PATH].join(delimiter) },
});
child.on('error', (error) =>
	giveUp(`${error.message}. Was node_modules made on another system? Delete it and try again.`),
);
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));

/**
 * The parent of a process, and its command line; /proc first, because small container images have no `ps`.
 * @param {number} pid
 */
function lookAt(pid) {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
		return { parent, line: readFileSync(`/proc/${pid}/cmdline`, 'utf8') };
	} catch {
		const ps = spawnSync('ps', ['-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' });
		const [, parent, line] = /^\s*(\d+)\s+(.*)/.exec(ps.stdout ?? '') ?? [];
		return { parent: Number(parent), line: line ?? '' };
	}
}

// npm that is killed outright says nothing to us, nor to the shell that it may have put in between.
if (process.env.npm_lifecycle_event) {
	const parent = process.ppid;
	const { parent: grandparent, line } = lookAt(parent);
	const shell = !line.includes('npm');
	const orphaned = () => process.ppid !== parent || (shell && lookAt(parent).parent !== grandparent);
	setInterval(() => orphaned() && child.kill('SIGTERM'), 1_000).unref();
}
