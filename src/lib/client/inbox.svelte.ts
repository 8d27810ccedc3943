import { createContext } from 'svelte';
import {
	DELIVERED_MAX,
	encodeInbox,
	parseInboxServerFrame,
	type ChatRow,
	type FriendPresence,
	type InboxClientFrame,
	type InboxServerFrame,
	type Friend,
	type InboxState,
	type RoomCallFrame,
} from '#lib/chat/inbox-protocol.ts';
import { show, showChangesAt, type Presence, type Shown } from '#lib/chat/presence.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import { byActivity, newest } from '#lib/chat/summary.ts';
import { Activity } from './activity.ts';
import { total } from './attention.ts';
import { device } from './device.ts';
import { Socket, type ClosedFor } from './socket.ts';
import type { Surroundings } from './surroundings.ts';
import { Timer } from './timer.ts';

/** `delivered` waits so long for more of them. */
const DELIVERED_PAUSE = 300;
/** How long the Inbox may take to answer before the line is doubted. */
const ANSWER_DEADLINE = 10_000;
/** A clock that only has to tell minutes apart is looked at no more often, and at least so often. */
const CLOCK_MIN = 1_000;
const CLOCK_MAX = 60_000;

export type News = Extract<InboxServerFrame, { type: 'news' }>;

export interface InboxOptions {
	me: PersonId;
	/** What the page was rendered with. */
	state: InboxState;
	/** A line is another than before. */
	changed?(before: ChatRow | undefined, after: ChatRow): void;
	/** Something happened between two people: lists of them are out of date. */
	news?(news: News): void;
	/** A friend's room has told its call (K2). */
	call?(told: RoomCallFrame, friend: Friend): void;
}

/** Everything that concerns a person outside the open room, live, as every page of theirs shows it. */
export class Inbox {
	readonly me: PersonId;
	#rows: ReadonlyMap<RoomName, ChatRow> = $state.raw()!;
	#presence: ReadonlyMap<PersonId, Presence> = $state.raw()!;
	#unseen = $state(0);
	#complete = $state(false);
	#line: 'connecting' | 'live' | 'offline' | 'closed' = $state('connecting');
	#closedFor: ClosedFor | null = $state(null);
	/** The Inbox's clock, as far as anything shown depends on it. */
	#now = $state(0);

	readonly chats: readonly ChatRow[] = $derived(
		[...this.#rows.values()].filter((row) => row.open).sort(byActivity),
	);
	/** Unread messages and unseen invitations, for the title and the icon. */
	readonly total: number = $derived(total(this.#rows.values(), this.#unseen));

	readonly #options: InboxOptions;
	readonly #socket: Socket;
	readonly #activity: Activity;
	/** The Inbox's clock less ours. */
	#offset = 0;
	#roomShown: RoomName | null = null;
	#stop: (() => void) | null = null;
	#clock = new Timer();
	#answerDue = new Timer();
	#deliveredDue = new Timer();
	/** What this tab has said to have, on the present line. */
	#delivered = new Map<RoomName, number>();

	constructor(options: InboxOptions, surroundings?: Surroundings) {
		this.#options = options;
		this.me = options.me;
		this.#rows = new Map();
		this.#presence = new Map();
		this.#take(options.state);
		this.#activity = new Activity((use) => this.#say({ type: 'activity', ...use }), surroundings);
		this.#socket = new Socket(
			{
				path: `/ws/inbox?device=${device()}`,
				me: options.me,
				opened: () => {
					this.#delivered.clear();
					this.#say({ type: 'hello', ...this.#activity.state() });
					this.#answerDue.set(ANSWER_DEADLINE, () => this.#socket.reconnect());
				},
				received: (data) => {
					const frame = parseInboxServerFrame(data);
					if (frame) this.#receive(frame);
				},
				changed: (state, closedFor) => {
					if (state !== 'open') this.#answerDue.clear();
					this.#closedFor = closedFor;
					// Open is live only once the state has come.
					this.#line = state === 'open' ? 'connecting' : state;
				},
			},
			surroundings,
		);
	}

	/** Received invitations that were not looked at yet. */
	get unseen(): number {
		return this.#unseen;
	}

	/** False while the server itself does not know yet which rooms there are. */
	get complete(): boolean {
		return this.#complete;
	}

	get line(): 'connecting' | 'live' | 'offline' | 'closed' {
		return this.#line;
	}

	/** Why there will be no line, when `line` is `closed`. */
	get closedFor(): ClosedFor | null {
		return this.#closedFor;
	}

	row(room: RoomName): ChatRow | undefined {
		return this.#rows.get(room);
	}

	/** What to say of a friend's presence; `unknown` of anybody else. */
	presenceOf(person: PersonId): Shown {
		return show(this.#presence.get(person), this.#now);
	}

	/** Starts living. In the browser only. @returns what ends it */
	open(): () => void {
		if (this.#stop) return this.#stop;
		const stopActivity = this.#activity.start();
		this.#socket.open();
		this.#wind();
		this.#stop = () => {
			this.#stop = null;
			stopActivity();
			this.#socket.close();
			for (const timer of [this.#clock, this.#answerDue, this.#deliveredDue]) timer.clear();
		};
		return this.#stop;
	}

	/** Which room this tab shows: its own line says what has come there. */
	get roomShown(): RoomName | null {
		return this.#roomShown;
	}

	set roomShown(room: RoomName | null) {
		this.#roomShown = room;
		if (room === null) this.#deliver();
	}

	/** A page was rendered anew, perhaps with more than is known here, perhaps with less. */
	rendered(state: InboxState): void {
		if (this.#line !== 'live') this.#take(state);
	}

	#say(frame: InboxClientFrame): void {
		this.#socket.send(encodeInbox(frame));
	}

	#receive(frame: InboxServerFrame): void {
		switch (frame.type) {
			case 'state':
				this.#answerDue.clear();
				this.#take(frame);
				this.#line = 'live';
				break;
			case 'row':
				this.#setRows(new Map(this.#rows).set(frame.row.room, this.#merge(frame.row)));
				if (!frame.row.open) this.#forget(frame.row.friend.id);
				break;
			case 'presence':
				this.#setClock(frame.now);
				this.#see([frame]);
				break;
			case 'unseen':
				this.#unseen = frame.unseen;
				break;
			case 'news':
				this.#options.news?.(frame);
				break;
			case 'call': {
				const row = this.#rows.get(frame.room);
				if (row?.open) this.#options.call?.(frame, row.friend);
				break;
			}
			case 'refused':
				break; // nothing this client says is ever refused for what it is; what was too much is said again on change
		}
	}

	#take(state: InboxState): void {
		this.#setClock(state.now);
		this.#complete = state.complete;
		this.#unseen = state.unseen;
		this.#presence = new Map();
		this.#see(state.presence);
		this.#setRows(new Map(state.rows.map((row) => [row.room, this.#merge(row)])));
	}

	/** A line with the newest summary that is known: a page may have been rendered before the socket told more, or after. */
	#merge(row: ChatRow): ChatRow {
		const known = this.#rows.get(row.room)?.summary;
		if (!known) return row;
		return { ...row, summary: row.summary ? newest(known, row.summary) : known };
	}

	#setRows(rows: ReadonlyMap<RoomName, ChatRow>): void {
		const before = this.#rows;
		this.#rows = rows;
		for (const row of rows.values())
			if (row !== before.get(row.room)) this.#options.changed?.(before.get(row.room), row);
		this.#deliver();
	}

	#see(presences: readonly FriendPresence[]): void {
		const all = new Map(this.#presence);
		for (const { person, active, at } of presences) all.set(person, { active, at });
		this.#presence = all;
		this.#wind();
	}

	#forget(person: PersonId): void {
		const all = new Map(this.#presence);
		if (all.delete(person)) this.#presence = all;
	}

	/** R1: what a line tells has reached this device. The room on the screen has a line of its own for that. */
	#deliver(): void {
		if (this.#stop && !this.#deliveredDue.running)
			this.#deliveredDue.set(DELIVERED_PAUSE, () => this.#sayDelivered());
	}

	#sayDelivered(): void {
		if (this.#line !== 'live') return;
		const rooms: [RoomName, number][] = [];
		for (const { room, open, summary } of this.#rows.values()) {
			if (!open || room === this.#roomShown || !summary?.last || summary.last.from === this.me) continue;
			const { seq } = summary.last;
			if (seq <= summary.delivered || seq <= (this.#delivered.get(room) ?? 0)) continue;
			rooms.push([room, seq]);
			this.#delivered.set(room, seq);
		}
		for (let from = 0; from < rooms.length; from += DELIVERED_MAX)
			this.#say({ type: 'delivered', rooms: rooms.slice(from, from + DELIVERED_MAX) });
	}

	#setClock(now: number): void {
		this.#offset = now - Date.now();
		this.#now = now;
	}

	/** Sets the clock going until the next moment at which anything shown reads differently. */
	#wind(): void {
		if (!this.#stop) return;
		const now = Date.now() + this.#offset;
		this.#now = now;
		const moments = [...this.#presence.values()].map((known) => showChangesAt(known, now) ?? Infinity);
		const wait = Math.min(CLOCK_MAX, Math.max(CLOCK_MIN, Math.min(Infinity, ...moments) - now));
		this.#clock.set(wait, () => this.#wind());
	}
}

/** The Inbox of whoever is logged in, for every component below the layout. */
export const [getInbox, setInbox] = createContext<Inbox>();
