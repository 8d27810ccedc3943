import type { InboxServerFrame } from '#lib/chat/inbox-protocol.ts';
import type { CloseReason } from '#lib/chat/protocol.ts';

/** What the rules of an Inbox want done. */
export type Effect =
	/** Send a frame: to the tab that asked, or to every tab. */
	| { do: 'tell'; whom: 'asker' | 'everybody'; frame: InboxServerFrame }
	/** Close the sockets of one session, or all of them. */
	| { do: 'close'; session?: string; reason: CloseReason };

/** Shows a frame to every tab. */
export const tell = (frame: InboxServerFrame): Effect => ({ do: 'tell', whom: 'everybody', frame });
