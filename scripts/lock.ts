import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './stack/settings.ts';

/*
 * npm run lock: completes package-lock.json after `npm install`. Native packages come as one optional package per
 * platform. Where the registry in use lacks some of them, npm leaves those out of the lock file, and then refuses
 * `npm ci` because they are missing. tests/lock.test.ts says when this is needed.
 */

interface Entry {
	version: string;
	optionalDependencies?: Record<string, string>;
	[field: string]: unknown;
}
export interface Lock {
	packages: Record<string, Entry>;
	[field: string]: unknown;
}

const SYSTEMS: Record<string, string> = {
	android: 'android',
	darwin: 'darwin',
	freebsd: 'freebsd',
	linux: 'linux',
	netbsd: 'netbsd',
	openbsd: 'openbsd',
	openharmony: 'openharmony',
	win32: 'win32',
	windows: 'win32',
};
const PROCESSORS: Record<string, string> = {
	64: 'x64',
	arm: 'arm',
	arm64: 'arm64',
	ia32: 'ia32',
	ppc64: 'ppc64',
	riscv64: 'riscv64',
	s390x: 's390x',
	x64: 'x64',
};

/** The place in the lock file that `name` means when required from the package at `from`. */
function resolve(lock: Lock, from: string, name: string): string | null {
	for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
		const path = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
		if (lock.packages[path]) return path;
		if (folder === '') return null;
	}
}

/** The entries that a lock file needs and lacks, by their place. */
export function missingEntries(lock: Lock): Record<string, Entry> {
	const missing: Record<string, Entry> = {};
	for (const [from, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
		// A range can be met by any version; native packages name one exactly.
		const exact = Object.entries(optionalDependencies).filter(([, version]) =>
			/^\d+\.\d+\.\d+/.test(version),
		);
		const at = (name: string, version: string) => {
			const path = resolve(lock, from, name);
			return path !== null && lock.packages[path]?.version === version ? path : null;
		};
		const sibling = exact.find(([name, version]) => at(name, version));
		for (const [name, version] of exact) {
			if (at(name, version)) continue;
			const folder = sibling ? at(...sibling)!.slice(0, -sibling[0].length) : 'node_modules/';
			missing[folder + name] = entry(name, version, dev === true);
		}
	}
	return missing;
}

/** npm installs only what fits the machine, and goes by these fields. */
function entry(name: string, version: string, dev: boolean): Entry {
	const words = name.split(/[-/]/);
	const os = words.flatMap((word) => SYSTEMS[word] ?? []);
	const cpu = words.flatMap((word) => PROCESSORS[word] ?? []);
	if (os.length !== 1 || cpu.length !== 1) throw new Error(`For which platform is ${name}?`);
	const libc = words.some((word) => word.startsWith('musl'))
		? 'musl'
		: words.some((word) => word.startsWith('gnu'))
			? 'glibc'
			: null;
	return {
		version,
		cpu,
		...(dev ? { dev } : {}),
		...(os[0] === 'linux' && libc ? { libc: [libc] } : {}),
		optional: true,
		os,
	};
}

const file = join(root, 'package-lock.json');

export function readLock(): Lock {
	return JSON.parse(readFileSync(file, 'utf8')) as Lock;
}

if (import.meta.main) {
	const lock = readLock();
	const missing = missingEntries(lock);
	const packages = Object.entries({ ...lock.packages, ...missing });
	lock.packages = Object.fromEntries(packages.sort(([a], [b]) => (a < b ? -1 : 1)));
	const indentation = readFileSync(file, 'utf8').includes('\n\t') ? '\t' : 2; // as npm left it
	writeFileSync(file, `${JSON.stringify(lock, null, indentation)}\n`);
	console.log(`Added to package-lock.json: ${Object.keys(missing).length} packages of other platforms.`);
}
