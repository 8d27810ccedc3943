import * as v from 'valibot';
import { encodeInbox, type InboxServerFrame } from '#lib/chat/inbox-protocol.ts';
import type { OpenTab } from '#lib/chat/presence.ts';
import { CLOSE, type CloseReason } from '#lib/chat/protocol.ts';
import { identity } from '../identity.ts';

/** What a socket's attachment keeps: who it is, its last report, and when that came. */
const tab = v.object({ ...identity.entries, active: v.boolean(), heard: v.number() });
type Tab = v.InferOutput<typeof tab>;

export const attached = (ws: WebSocket): Tab => v.parse(tab, ws.deserializeAttachment());
export const attach = (ws: WebSocket, of: Tab): void => ws.serializeAttachment(of);

/** The tab at a socket, as the rules know it. */
export function openTab(ctx: DurableObjectState, ws: WebSocket): OpenTab {
	const { active, heard } = attached(ws);
	return { active, heard: Math.max(heard, ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? 0) };
}

export function say(ws: WebSocket, frame: InboxServerFrame | string): void {
	if (ws.readyState !== WebSocket.OPEN) return;
	try {
		ws.send(typeof frame === 'string' ? frame : encodeInbox(frame));
	} catch {
		// It closed under our hands; its tab gets everything anew when it is back.
	}
}

export function closeFor(ws: WebSocket, reason: CloseReason): void {
	hangUp(ws, CLOSE[reason].code, reason);
}

export function hangUp(ws: WebSocket, code?: number, reason?: string): void {
	try {
		ws.close(code, reason);
	} catch {
		// closed already, or with a code that may be received but not sent
	}
}
