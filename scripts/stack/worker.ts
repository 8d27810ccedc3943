import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Claim } from './processes.ts';
import { Trouble } from './say.ts';
import { dataFolder, root } from './settings.ts';

const READY_WITHIN = 90_000;
const SWEEP_EVERY = 60_000;

export interface Running {
	/** Settles when it has ended, for whatever reason. */
	ended: Promise<void>;
	stop(): Promise<void>;
	/** What it has said so far. */
	output(): string;
}

/**
 * Runs a Node program on a leash: it ends when this process does, however that comes about.
 * @param show called with what it says, as it says it
 */
export function run(
	claim: Claim,
	program: string,
	args: string[],
	env: Record<string, string>,
	show: (text: string) => void,
): Running {
	const leash = join(import.meta.dirname, 'leash.ts');
	const child = spawn(process.execPath, [leash, process.execPath, join(root, program), ...args], {
		cwd: root,
		detached: true,
		stdio: ['pipe', 'pipe', 'pipe'],
		// Workers find each other through files: not those of another Kith.
		env: { ...process.env, WRANGLER_REGISTRY_PATH: join(dataFolder(), 'registry'), ...env },
	});
	if (child.pid !== undefined) claim.add(child.pid);

	let said = '';
	for (const stream of [child.stdout, child.stderr])
		stream.setEncoding('utf8').on('data', (text: string) => {
			const plain = stripVTControlCharacters(text);
			said = (said + plain).slice(-20_000);
			show(plain);
		});
	child.stdin.on('error', () => {}); // it ended by itself
	const ended = once(child, 'close').then(() => {});
	return {
		ended,
		stop: () => (child.stdin.end(), ended),
		output: () => said.trim(),
	};
}

/** Everything wrangler can be told by the environment: no questions, no metrics, no look-ups outside. */
export const WRANGLER_ENV = {
	CI: '1',
	WRANGLER_SEND_METRICS: 'false',
	CLOUDFLARE_CF_FETCH_ENABLED: 'false',
};

export interface WorkerOptions {
	port: number;
	/** The file of variables, see writeVariables. */
	variables: string;
	config?: string;
	show: (text: string) => void;
}

/**
 * Runs the Worker and its objects by `wrangler dev`, and waits until it answers. Only its errors are shown.
 * @throws Trouble when it does not come up
 */
export async function runWorker(
	claim: Claim,
	{ port, variables, config, show }: WorkerOptions,
): Promise<Running> {
	let ready = false;
	const data = dataFolder();
	const worker = run(
		claim,
		'node_modules/wrangler/bin/wrangler.js',
		[
			'dev',
			...(config ? ['--config', config] : []),
			...['--port', String(port), '--inspector-port', '0', '--log-level', 'error'],
			...['--env-file', variables, '--persist-to', join(data, 'objects')],
		],
		WRANGLER_ENV,
		(text) => ready && show(text),
	);

	await answering(port, worker, 'The worker does not start');
	ready = true;
	return worker;
}

/**
 * Waits until a program answers over HTTP.
 * @throws Trouble, with what it said, when it ends instead or takes too long; it is stopped then
 */
export async function answering(port: number, program: Running, otherwise: string): Promise<void> {
	let ended = false;
	void program.ended.then(() => (ended = true));
	for (const until = Date.now() + READY_WITHIN; ; await sleep(100)) {
		if (await answers(port)) return;
		if (ended || Date.now() > until || /build failed/i.test(program.output())) {
			await program.stop();
			throw new Trouble(`${otherwise}:\n\n${program.output() || 'it says nothing about why.'}`);
		}
	}
}

async function answers(port: number): Promise<boolean> {
	try {
		const signal = AbortSignal.timeout(READY_WITHIN);
		// Vite listens where "localhost" points to, wrangler on 127.0.0.1: "localhost" is both.
		await fetch(`http://localhost:${port}/`, { redirect: 'manual', signal });
		return true;
	} catch {
		return false;
	}
}

/** Does once a minute what the cron trigger does in production: nothing else calls it here. */
export function sweepEveryMinute(port: number): void {
	const sweep = () => fetch(`http://localhost:${port}/cdn-cgi/local/scheduled`).catch(() => {});
	setInterval(sweep, SWEEP_EVERY).unref();
}
