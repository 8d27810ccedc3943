import type { CallCredentials } from '#lib/chat/call-frames.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import { iceServers, readIce } from '#lib/server/turn.ts';
import { admit, readZego } from '#lib/server/zego-token.ts';
import { log } from '../log.ts';

/** What one device needs for the media of one call (K6): ZEGOCLOUD's where that is configured, ICE servers otherwise. */
export async function credentialsFor(
	env: object,
	call: string,
	person: PersonId,
	now: number,
): Promise<CallCredentials> {
	const configured = env as Record<string, unknown>;
	const zego = readZego(configured);
	if (zego) return admit(zego, call, person, now);
	return iceServers(readIce(configured), fetch, (error) => log({ event: 'no_relay', error }));
}
