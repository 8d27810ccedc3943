import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/**
 * One WebSocket, as cheap as it can be made: it shares two cores with what it measures. Text frames only, and a masking key
 * of zero, which the protocol allows and which leaves the bytes as they are.
 */
export class Line {
	/** Called with every text that arrives. */
	hear: (text: string) => void = () => {};
	readonly closed: Promise<void>;
	readonly #socket: Socket;
	#rest: Buffer = Buffer.alloc(0);

	private constructor(socket: Socket, rest: Buffer) {
		this.#socket = socket;
		this.closed = new Promise((done) => socket.once('close', () => done()));
		socket.on('data', (chunk: Buffer) => this.#take(chunk));
		if (rest.length > 0) setImmediate(() => this.#take(rest));
	}

	/** @throws Error with the status line when the upgrade is refused */
	static open(port: number, path: string, protocols: string[] = []): Promise<Line> {
		return new Promise((resolve, reject) => {
			const socket = connect(port, '127.0.0.1');
			socket.setNoDelay(true);
			socket.once('error', reject);
			socket.write(
				[
					`GET ${path} HTTP/1.1`,
					`Host: 127.0.0.1:${port}`,
					'Upgrade: websocket',
					'Connection: Upgrade',
					'Sec-WebSocket-Version: 13',
					`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
					...(protocols.length > 0 ? [`Sec-WebSocket-Protocol: ${protocols.join(', ')}`] : []),
					'\r\n',
				].join('\r\n'),
			);
			let head = Buffer.alloc(0);
			const read = (chunk: Buffer) => {
				head = Buffer.concat([head, chunk]);
				const end = head.indexOf('\r\n\r\n');
				if (end < 0) return;
				socket.off('data', read);
				const [status = ''] = head.toString('latin1', 0, end).split('\r\n');
				if (status.includes(' 101 ')) return resolve(new Line(socket, head.subarray(end + 4)));
				socket.destroy();
				reject(new Error(`${path}: ${status} ${head.toString('utf8', end + 4)}`));
			};
			socket.on('data', read);
		});
	}

	send(text: string): void {
		const length = Buffer.byteLength(text);
		const short = length < 126;
		const frame = Buffer.allocUnsafe(length + (short ? 6 : 8));
		frame[0] = 0x81;
		frame[1] = 0x80 | (short ? length : 126);
		if (!short) frame.writeUInt16BE(length, 2);
		frame.fill(0, short ? 2 : 4, short ? 6 : 8);
		frame.write(text, short ? 6 : 8);
		this.#socket.write(frame);
	}

	close(): void {
		this.#socket.destroy();
	}

	#take(chunk: Buffer): void {
		const data = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
		let at = 0;
		// What is sent in answer goes out together, as from a client that handles one event.
		this.#socket.cork();
		for (;;) {
			if (data.length - at < 2) break;
			let length = data[at + 1]! & 0x7f;
			let head = 2;
			if (length === 126) {
				if (data.length - at < 4) break;
				length = data.readUInt16BE(at + 2);
				head = 4;
			} else if (length === 127) {
				if (data.length - at < 10) break;
				length = Number(data.readBigUInt64BE(at + 2));
				head = 10;
			}
			if (data.length - at < head + length) break;
			if ((data[at]! & 0x0f) === 1) this.hear(data.toString('utf8', at + head, at + head + length));
			at += head + length;
		}
		this.#rest = data.subarray(at);
		this.#socket.uncork();
	}
}
