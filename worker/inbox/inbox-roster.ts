import type { InboxServerFrame } from '#lib/chat/inbox-protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { tell, type Effect } from './effect.ts';
import { show, stateOf } from './inbox.ts';
import { part } from './inbox-presence.ts';
import type { Friendship, InboxStore, Invitation } from './inbox-store.ts';

/** What Postgres says about a person, apart from their credentials. */
export interface Roster {
	friendships: Friendship[];
	invitations: Invitation[];
	unseen: number;
}

/** Takes what Postgres says now and tells the difference. The first time there is none to tell: tabs get all of it anew. */
export function learn(
	store: InboxStore,
	roster: Roster,
	ticket: number,
	you: PersonId,
	now: number,
): Effect[] {
	const before = store.self.read();
	const first = before.refreshDone === 0;
	const held = new Map(store.chats().map((row) => [row.room, row]));
	const effects: Effect[] = [];
	const settled = new Set<PersonId>();

	for (const friendship of roster.friendships) {
		const old = held.get(friendship.room);
		held.delete(friendship.room);
		if (old && same(old, friendship)) continue;
		store.putFriendship(friendship);
		if (friendship.open !== (old?.open ?? false)) {
			settled.add(friendship.friend.id);
			if (!friendship.open) part(store, friendship.friend.id);
			effects.push(news(friendship.open ? 'friend_gained' : 'friend_lost', friendship));
		}
		effects.push(...show(store, friendship.room));
	}
	for (const gone of held.values()) {
		part(store, gone.friend.id);
		store.dropFriendship(gone.room);
		effects.push(tell({ type: 'row', row: { ...gone, open: false } }), news('friend_lost', gone));
	}

	const key = ({ person, mine }: Invitation) => `${person.id} ${mine}`;
	const stood = new Map(store.invitations().map((invitation) => [key(invitation), invitation]));
	for (const invitation of roster.invitations) {
		if (stood.delete(key(invitation))) continue;
		store.putInvitation(invitation);
		effects.push(news('invited', invitation));
	}
	for (const gone of stood.values()) {
		store.dropInvitation(gone);
		// Accepted is said by gaining the friend.
		if (!settled.has(gone.person.id)) effects.push(news('withdrawn', gone));
	}

	if (roster.unseen !== before.unseen) effects.push(tell({ type: 'unseen', unseen: roster.unseen }));
	store.self.refreshed(ticket, roster.unseen, now);
	// With the storage the subscribers were lost too. Friends who do not want to know will say so.
	if (first) for (const friend of store.presence.friends(false)) store.presence.subscribe(friend, -1);
	return first ? [tell({ type: 'state', ...stateOf(store, you, now) })] : effects;
}

function same(row: ReturnType<InboxStore['chats']>[number], told: Friendship): boolean {
	return (
		row.open === told.open &&
		row.since === told.since &&
		row.muted === told.muted &&
		row.friend.name === told.friend.name &&
		(row.friend.avatar ?? null) === (told.friend.avatar ?? null) &&
		row.friend.username === told.friend.username
	);
}

function news(
	kind: Extract<InboxServerFrame, { type: 'news' }>['news'],
	of: Invitation | { room: RoomName; friend: Friendship['friend'] },
): Effect {
	const person = 'person' in of ? of.person : of.friend;
	return tell({ type: 'news', news: kind, person, room: of.room, mine: 'mine' in of && of.mine });
}
