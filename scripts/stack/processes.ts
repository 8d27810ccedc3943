import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Trouble } from './say.ts';

interface Process {
	pid: number;
	group: number;
	command: string;
}

/** Everything that runs on this machine and that we may see. */
function running(): Process[] {
	if (existsSync('/proc/self/stat')) return readdirSync('/proc').flatMap(readProc);
	const table = execFileSync('ps', ['-A', '-o', 'pid=,pgid=,command='], { encoding: 'utf8' });
	return table.split('\n').flatMap((line) => {
		const [, pid, group, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
		return command === undefined ? [] : [{ pid: Number(pid), group: Number(group), command }];
	});
}

/** `ps` is missing from small container images; /proc is not. */
function readProc(entry: string): Process[] {
	if (!/^\d+$/.test(entry)) return [];
	try {
		const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
		// "pid (name) state parent group …", where the name may hold anything, brackets included
		const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
		const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
		return command === '' ? [] : [{ pid: Number(entry), group, command }];
	} catch {
		return []; // ended meanwhile
	}
}

const NOTE = 'running.json';
const PATIENCE = 5_000;

interface Note {
	pid: number;
	script: string;
	groups: number[];
}

function readNote(data: string): Note | null {
	try {
		return JSON.parse(readFileSync(join(data, NOTE), 'utf8')) as Note;
	} catch {
		return null;
	}
}

/** The right to use a data folder: PGlite, for one, is ruined by two processes. */
export interface Claim {
	/** Notes a process group that must not outlive this process. */
	add(group: number): void;
	release(): void;
}

/**
 * Claims a data folder for this process, and ends what an earlier one left running when it was killed.
 * @throws Trouble when another process has it
 */
export async function claim(data: string): Promise<Claim> {
	mkdirSync(data, { recursive: true });
	const earlier = readNote(data);
	if (earlier && earlier.pid !== process.pid) {
		// One that was told to stop a moment ago is given that moment.
		if (!(await gone(({ pid, command }) => pid === earlier.pid && command.includes(earlier.script))))
			throw new Trouble(
				`Kith is already running from this folder (process ${earlier.pid}): stop that one first, or set KITH_DATA to another folder.`,
			);
		await endLeftovers(earlier.groups);
	}

	const note: Note = { pid: process.pid, script: process.argv[1] ?? 'node', groups: [] };
	const write = () => writeFileSync(join(data, NOTE), JSON.stringify(note));
	write();
	return {
		add: (group) => (note.groups.push(group), write()),
		release: () => rmSync(join(data, NOTE), { force: true }),
	};
}

/** The leash ends its group by itself; this is for when it was killed too. Numbers are used again, so the commands are looked at. */
async function endLeftovers(groups: number[]): Promise<void> {
	const ours = /leash\.ts|wrangler|workerd|vite|esbuild/;
	const isLeft = ({ group, command }: Process) => groups.includes(group) && ours.test(command);
	for (const { pid } of running().filter(isLeft)) {
		try {
			process.kill(pid, 'SIGKILL');
		} catch {
			// ended meanwhile
		}
	}
	await gone(isLeft);
}

/** Waits for such processes to end; false when they do not. */
async function gone(which: (process: Process) => boolean): Promise<boolean> {
	for (const until = Date.now() + PATIENCE; running().some(which); await sleep(100))
		if (Date.now() > until) return false;
	return true;
}
