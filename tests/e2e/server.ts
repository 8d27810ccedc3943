import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/stack/free-port.ts';
import { root } from '../../scripts/stack/settings.ts';

const READY_WITHIN = 120_000;

/** A whole Kith, started as `npm start` starts it, with data and a port of its own. */
export class Server {
	readonly url: string;
	readonly #port: number;
	readonly #data = mkdtempSync(join(tmpdir(), 'kith-e2e-'));
	#process: ChildProcess | undefined;
	readonly #settings: Record<string, string>;
	#said = '';

	private constructor(port: number, settings: Record<string, string>) {
		this.#port = port;
		this.#settings = settings;
		this.url = `http://localhost:${port}`;
	}

	/** @param settings beside those that every test has */
	static async start(settings: Record<string, string> = {}): Promise<Server> {
		const server = new Server(await freePort(), settings);
		await server.start();
		return server;
	}

	/** Starts it, with what data there is. */
	async start(): Promise<void> {
		const child = spawn(process.execPath, [join(root, 'scripts/start.ts')], {
			cwd: root,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe'],
			env: {
				...process.env,
				PORT: String(this.#port),
				KITH_DATA: this.#data,
				DATABASE_URL: '',
				CALL_RING_SECONDS: '10',
				STUN_URLS: 'none',
				...this.#settings,
			},
		});
		this.#process = child;
		this.#said = '';
		await new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => reject(this.#failure('is not ready in time')), READY_WITHIN);
			for (const stream of [child.stdout, child.stderr])
				stream.setEncoding('utf8').on('data', (text: string) => {
					this.#said += text;
					if (this.#said.includes('Kith is ready')) resolve(clearTimeout(timer));
				});
			child.on('exit', () => reject(this.#failure('ended by itself')));
		});
	}

	/** Ends every process of it at once, as a power cut would. */
	async kill(): Promise<void> {
		const child = this.#process;
		if (!child?.pid) return;
		const { groups } = JSON.parse(readFileSync(join(this.#data, 'running.json'), 'utf8')) as {
			groups: number[];
		};
		const ended = once(child, 'exit');
		for (const group of [child.pid, ...groups]) process.kill(-group, 'SIGKILL');
		await ended;
		this.#process = undefined;
	}

	/** Suspends somebody, or lifts that, as an operator does. */
	async suspend(username: string, ...more: '--lift'[]): Promise<string> {
		const { code, said } = await this.#operate('suspend', username, ...more);
		if (code !== 0) throw this.#failure('did not suspend anybody');
		return said;
	}

	/** Compares the rooms with the archive, as an operator does. */
	verifyArchive(): Promise<{ code: number; said: string }> {
		return this.#operate('archive-verify');
	}

	async #operate(script: string, ...args: string[]): Promise<{ code: number; said: string }> {
		const child = spawn(process.execPath, [join(root, `scripts/${script}.ts`), ...args], {
			cwd: root,
			stdio: ['ignore', 'pipe', 'inherit'],
			env: { ...process.env, PORT: String(this.#port), KITH_DATA: this.#data, DATABASE_URL: '' },
		});
		let said = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
		const [code] = (await once(child, 'close')) as [number];
		return { code, said };
	}

	/** Ends it as Ctrl-C does, and throws its data away. */
	async remove(): Promise<void> {
		if (this.#process) {
			const ended = once(this.#process, 'exit');
			this.#process.kill('SIGINT');
			await ended;
		}
		rmSync(this.#data, { recursive: true, force: true });
	}

	/** What it has said since it was started: its errors, among other things. */
	get output(): string {
		return this.#said;
	}

	#failure(what: string): Error {
		return new Error(`Kith ${what}:\n${this.#said}`);
	}
}
