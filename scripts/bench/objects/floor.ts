import { DurableObject } from 'cloudflare:workers';

/**
 * What any chat room on this platform must at least do: accept hibernating sockets, store each message as one row, and
 * say it to everybody. No identity, no parsing, no rules, no retries: the least that a room can cost.
 */
export class Floor extends DurableObject<object> {
	constructor(ctx: DurableObjectState, env: object) {
		super(ctx, env);
		ctx.storage.sql.exec(
			'CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT',
		);
	}

	override fetch(): Response {
		const { 0: theirs, 1: ours } = new WebSocketPair();
		this.ctx.acceptWebSocket(ours);
		return new Response(null, { status: 101, webSocket: theirs });
	}

	override webSocketMessage(_: WebSocket, text: string): void {
		this.ctx.storage.sql.exec('INSERT INTO messages (at, body) VALUES (?, ?)', Date.now(), text);
		for (const ws of this.ctx.getWebSockets()) ws.send(text);
	}

	override webSocketClose(ws: WebSocket): void {
		ws.close();
	}
}

export default {
	fetch(request, env) {
		const { pathname } = new URL(request.url);
		if (request.headers.get('upgrade') !== 'websocket') return new Response('ready');
		return env.FLOORS.getByName(pathname).fetch(request);
	},
} satisfies ExportedHandler<{ FLOORS: DurableObjectNamespace<Floor> }>;
