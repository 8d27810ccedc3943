import type { CallFrame } from '#lib/chat/call-frames.ts';
import type { CallKind } from '#lib/chat/call.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { device } from '../device.ts';
import type { CallSessionOptions } from './call-phase.ts';
import { CallSession } from './call-session.svelte.ts';
import { keepChoice, readChoice } from './choice.ts';
import { RoomLine } from './room-line.ts';

/** Calls the other member of a room. */
export function ring(me: PersonId, room: RoomName, kind: CallKind): CallSession {
	return CallSession.ring(kind, equip(me, room));
}

/** Takes up a call that rings here, or null when it does not. */
export function take(me: PersonId, room: RoomName, told: CallFrame): CallSession | null {
	const options = equip(me, room);
	// If it has ended meanwhile, the line tells so as soon as it is up.
	const session = CallSession.incoming(told, options);
	if (!session) options.onreleased?.();
	return session;
}

/** A line of its own, and the devices that this browser's calls begin with. */
function equip(me: PersonId, room: RoomName): CallSessionOptions {
	const line = new RoomLine(room, me);
	const { relayOnly, ...choice } = readChoice();
	return {
		me,
		device: device(),
		line,
		choice,
		relayOnly,
		onchosen: keepChoice,
		onreleased: () => line.close(),
	};
}
