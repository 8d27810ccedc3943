/** Something that the person at the keyboard can put right. Its message is the one sentence they are told. */
export class Trouble extends Error {
	override name = 'Trouble';
}

const END_WITHIN = 15_000;

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Says what is being done, does it, and says how it went, all on one line.
 * @param work its result may be a few words for the end of the line, beside whatever it has to give back
 */
export async function step<T>(name: string, work: () => Promise<{ said: string; value: T }>): Promise<T> {
	const began = performance.now();
	process.stdout.write(`  ${`${name} …`.padEnd(14)}`);
	try {
		const { said, value } = await work();
		process.stdout.write(` ${said} (${seconds(began)})\n`);
		return value;
	} catch (error) {
		process.stdout.write(' failed\n');
		throw error;
	}
}

type Close = () => unknown;

/**
 * Runs a command to its end. Trouble is told in one sentence and makes the exit code 1; a bug is shown whole. What the
 * command opened is closed again, last things first, however it ends: by itself, by a signal, or because whoever started
 * it is gone.
 * @param work is given a function that registers what to close
 */
export async function main(work: (onEnd: (close: Close) => void) => Promise<void>): Promise<void> {
	const open: Close[] = [];
	let ending = false;

	async function end(code: number): Promise<void> {
		ending = true;
		setTimeout(() => process.exit(1), END_WITHIN).unref();
		for (let close = open.pop(); close; close = open.pop()) await close();
		process.exit(code);
	}
	const stop = () => void (ending || (console.log('\nStopping …'), end(0)));
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
	const parent = process.ppid;
	setInterval(() => process.ppid === parent || stop(), 500).unref();

	try {
		await work((close) => open.push(close));
	} catch (error) {
		if (ending) return; // the pieces of what is being stopped complain that it stops
		console.error(error instanceof Trouble ? `\n${error.message}` : error);
		process.exitCode = 1;
	}
	if (!ending) await end(Number(process.exitCode ?? 0));
}
