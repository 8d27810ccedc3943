import type { Context } from 'hono';
import * as v from 'valibot';
import { SUBPROTOCOL } from '#lib/chat/protocol.ts';
import { friendIn, parseRoomName } from '#lib/chat/room-name.ts';
import { setCookies, type Entry } from '#lib/server/session-door.ts';
import type { Env } from '../env.ts';
import { identity, withIdentity } from '../identity.ts';
import { isOurOrigin } from '../origin.ts';
import { problem, unavailable } from '../problem.ts';
import { identify, readProtocols } from '../session.ts';

/**
 * The door of a room (rules D1 and D2): whoever may not enter gets an answer over HTTP before anything is upgraded. The
 * object behind it is touched only for one of the two people in the room's name, and then decides whether the room is open.
 */
export async function openRoom(c: Context<{ Bindings: Env }>): Promise<Response> {
	const request = c.req.raw;
	if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
		return problem(426, 'upgrade_required', 'This address is for WebSockets.', {
			headers: { upgrade: 'websocket' },
		});

	const { offered, bearer } = readProtocols(request.headers.get('sec-websocket-protocol'));
	if (!isOurOrigin(request, bearer !== null))
		return problem(403, 'foreign_origin', 'Rooms open only from Kith itself.');

	const entry = await identify(request, bearer, c.env, new Date());
	const answer = await enter(c, entry, offered);
	// Whatever the answer: a token that was renewed on the way must reach its browser.
	const answered = new Response(answer.body, answer);
	for (const cookie of setCookies(entry)) answered.headers.append('set-cookie', cookie);
	return answered;
}

async function enter(c: Context<{ Bindings: Env }>, entry: Entry, offered: string[]): Promise<Response> {
	if (entry.unreachable) return unavailable('Who you are cannot be checked at the moment.');
	if (!entry.who) return problem(401, 'no_session', 'Log in first.');
	const { person, session } = entry.who;

	const named = parseRoomName(c.req.param('room') ?? '');
	if (!named || friendIn(named.room, person) === null)
		return problem(404, 'unknown_room', 'There is no such room.');

	if (offered.length > 0 && !offered.includes(SUBPROTOCOL))
		return problem(400, 'unknown_protocol', `This server speaks ${SUBPROTOCOL}.`);

	const asked = v.safeParse(identity.entries.device, c.req.query('device'));
	const device = asked.success ? asked.output : crypto.randomUUID();
	const headers = withIdentity(c.req.raw.headers, { person, session, device, room: named.room });
	const answer = await c.env.ROOMS.getByName(named.room).fetch(new Request(c.req.raw, { headers }));
	if (!answer.webSocket) return answer;
	return new Response(null, {
		status: 101,
		webSocket: answer.webSocket,
		// A browser drops the socket when the protocol it offered is not named; the token beside it never is.
		headers: offered.length > 0 ? { 'sec-websocket-protocol': SUBPROTOCOL } : {},
	});
}
