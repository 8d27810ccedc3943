import { spawn } from 'node:child_process';

/*
 * Runs the command it is given, and ends it with everything that it started once the other end of standard input is
 * gone. wrangler leaves its workerd running when it is killed outright, and then the next start finds the port taken.
 * Whoever starts this makes it the leader of a process group of its own (`detached`).
 */

const PATIENCE = 5_000;
const [command, ...args] = process.argv.slice(2);
if (!command) throw new Error('leash: which command?');

const group = -process.pid;
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

/** Takes this process along: nothing may run after it. */
const endGroup = () => process.kill(group, 'SIGKILL');

let ending = false;
function end(): void {
	if (ending) return;
	ending = true;
	process.kill(group, 'SIGTERM');
	setTimeout(endGroup, PATIENCE);
}

child.on('exit', endGroup);
child.on('error', (error) => {
	console.error(error.message);
	endGroup();
});
process.on('SIGTERM', end);
process.on('SIGINT', end);
process.on('SIGHUP', end);
process.stdin.on('end', end).on('close', end).on('error', end).resume();
