import type { Context } from 'hono';
import * as v from 'valibot';
import { SUBPROTOCOL } from '#lib/chat/protocol.ts';
import { setCookies, type Entry } from '#lib/server/session-door.ts';
import { isAdmitted } from '../admission.ts';
import type { Env } from '../env.ts';
import { identity, withIdentity } from '../identity.ts';
import { tell } from '../sweep.ts';
import { isOurOrigin } from '../origin.ts';
import { problem, unavailable } from '../problem.ts';
import { identify, readProtocols } from '../session.ts';

type C = Context<{ Bindings: Env }>;

/** The object behind a socket's address. */
interface Destination {
	fetch(request: Request): Promise<Response>;
}

/**
 * The door of every socket (rule D1): whoever may not enter gets an answer over HTTP before anything is upgraded.
 * @param to the object that this person may open at this address, and the room it is, or null when there is nothing for them
 */
export async function openSocket(
	c: C,
	to: (person: string) => { object: Destination; room?: string } | null,
): Promise<Response> {
	const request = c.req.raw;
	if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
		return problem(426, 'upgrade_required', 'This address is for WebSockets.', {
			headers: { upgrade: 'websocket' },
		});

	const { offered, bearer } = readProtocols(request.headers.get('sec-websocket-protocol'));
	if (!isOurOrigin(request, bearer !== null))
		return problem(403, 'foreign_origin', 'Rooms open only from Kith itself.');

	const entry = await identify(request, bearer, c.env, new Date());
	if (entry.ended) c.executionCtx.waitUntil(tell(c.env, entry.ended));
	const answer = await enter(c, entry, offered, to);
	// Whatever the answer: a token that was renewed on the way must reach its browser.
	const answered = new Response(answer.body, answer);
	for (const cookie of setCookies(entry)) answered.headers.append('set-cookie', cookie);
	return answered;
}

async function enter(
	c: C,
	entry: Entry,
	offered: string[],
	to: Parameters<typeof openSocket>[1],
): Promise<Response> {
	if (entry.unreachable) return unavailable('Who you are cannot be checked at the moment.');
	if (!entry.who) return problem(401, 'no_session', 'Log in first.');
	const { person, session } = entry.who;

	const there = to(person);
	if (!there) return problem(404, 'unknown_room', 'There is no such room.');
	if (offered.length > 0 && !offered.includes(SUBPROTOCOL))
		return problem(400, 'unknown_protocol', `This server speaks ${SUBPROTOCOL}.`);
	const admitted = await isAdmitted(c.env, person, session, there.room);
	if (admitted === null) return unavailable('Who you are cannot be checked at the moment.');
	if (!admitted) return problem(401, 'no_session', 'Log in first.');

	const asked = v.safeParse(identity.entries.device, c.req.query('device'));
	const device = asked.success ? asked.output : crypto.randomUUID();
	const who = { person, session, device, ...(there.room === undefined ? {} : { room: there.room }) };
	const headers = withIdentity(c.req.raw.headers, who);
	const answer = await there.object.fetch(new Request(c.req.raw, { headers }));
	if (!answer.webSocket) return answer;
	return new Response(null, {
		status: 101,
		webSocket: answer.webSocket,
		// A browser drops the socket when the protocol it offered is not named; the token beside it never is.
		headers: offered.length > 0 ? { 'sec-websocket-protocol': SUBPROTOCOL } : {},
	});
}
