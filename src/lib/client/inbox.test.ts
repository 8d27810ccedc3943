import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
	encodeInbox,
	parseInboxClientFrame,
	type ChatRow,
	type InboxClientFrame,
	type InboxServerFrame,
	type InboxState,
} from '#lib/chat/inbox-protocol.ts';
import { IDLE_AFTER } from '#lib/chat/presence.ts';
import { PING, PONG } from '#lib/chat/protocol.ts';
import { Inbox, type InboxOptions } from './inbox.svelte.ts';
import { ana, bob, pass, Place, room } from './testing.ts';

const NOW = 1_800_000_000_000;
const eve = 'eve00000';
const withEve = 'ana00000_eve00000';

function row(seq: number, more: Partial<ChatRow> = {}, read = 0): ChatRow {
	return {
		room,
		friend: { id: bob, username: 'bob', name: 'Bob' },
		open: true,
		since: NOW - 10,
		muted: false,
		summary: {
			room,
			revision: seq + read,
			last: { seq, from: bob, at: NOW + seq, preview: { kind: 'text', text: `message ${seq}` } },
			unread: seq - read,
			delivered: read,
			read,
		},
		...more,
	};
}
const quiet: ChatRow = {
	...row(0),
	room: withEve,
	friend: { id: eve, username: 'eve', name: 'Eve' },
	since: NOW,
	summary: null,
};

const state = (more: Partial<InboxState> = {}): InboxState => ({
	you: ana,
	now: NOW,
	rows: [row(3), quiet],
	presence: [],
	unseen: 0,
	complete: true,
	...more,
});

/** A tab of ana's, with the other end of its line in the test's hands. */
function tab(options: Partial<InboxOptions> = {}) {
	const place = new Place();
	place.standing = { status: 200, body: { person: ana } };
	const heard: InboxClientFrame[] = [];
	place.connecting = (socket) => {
		socket.heard = (text) => {
			if (text === PING) return socket.say(PONG);
			const parsed = parseInboxClientFrame(text);
			if (parsed.ok) heard.push(parsed.frame);
		};
		socket.accept();
	};
	const inbox = new Inbox({ me: ana, state: state(), ...options }, place);
	return { place, inbox, heard, say: (frame: InboxServerFrame) => place.socket.say(encodeInbox(frame)) };
}

async function live(options: Partial<InboxOptions> = {}) {
	const all = tab(options);
	const close = all.inbox.open();
	await pass(10);
	all.say({ type: 'state', ...state() });
	await pass(1_000);
	return { ...all, close };
}

beforeEach(
	() =>
		void vi.useFakeTimers({
			now: NOW,
			toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
		}),
);
afterEach(() => void vi.useRealTimers());

describe('the chats list', () => {
	it('stands before there is any line, newest activity first', () => {
		const { inbox } = tab();
		expect(inbox.chats.map((chat) => chat.room)).toEqual([room, withEve]);
		expect([inbox.line, inbox.total]).toEqual(['connecting', 3]);
	});

	it('moves a room to the top when something is said there', async () => {
		const { inbox, say } = await live();
		const last = { seq: 1, from: eve, at: NOW + 60_000, preview: { kind: 'text' as const, text: 'hi' } };
		const summary = { ...row(1).summary!, room: withEve, last };
		say({ type: 'row', row: { ...quiet, summary } });
		expect(inbox.chats.map((chat) => chat.room)).toEqual([withEve, room]);
		expect(inbox.total).toBe(4);
	});

	it('R3: never goes back to an older line', async () => {
		const { inbox, say } = await live();
		say({ type: 'row', row: row(5, {}, 5) });
		say({ type: 'row', row: row(4) });
		expect(inbox.row(room)?.summary).toEqual(row(5, {}, 5).summary);
		expect(inbox.total).toBe(0);
	});

	it('keeps what it knows of a line that the server has to look up again', async () => {
		const { inbox, say } = await live();
		say({ type: 'state', ...state({ rows: [row(3, { summary: null })] }) });
		expect(inbox.row(room)?.summary?.unread).toBe(3);
		expect(inbox.chats).toHaveLength(1);
	});

	it('has no former friends, and says nothing of their presence', async () => {
		const { inbox, say } = await live();
		say({ type: 'presence', now: NOW, person: bob, active: true, at: NOW });
		expect(inbox.presenceOf(bob)).toEqual({ kind: 'active' });
		say({ type: 'row', row: row(3, { open: false }) });
		expect(inbox.chats.map((chat) => chat.room)).toEqual([withEve]);
		expect(inbox.presenceOf(bob)).toEqual({ kind: 'unknown' });
	});
});

describe('the line', () => {
	it('says hello, is live with the state, and says hello again when it was lost', async () => {
		const { inbox, heard, place, say } = await live();
		expect(inbox.line).toBe('live');
		expect(place.socket.url).toMatch(/^wss:\/\/kith\.test\/ws\/inbox\?device=/);
		place.socket.fail();
		await pass(2_000);
		expect(inbox.line).toBe('connecting');
		say({ type: 'state', ...state({ unseen: 2 }) });
		expect([inbox.line, inbox.unseen]).toEqual(['live', 2]);
		expect(heard.filter((frame) => frame.type === 'hello')).toHaveLength(2);
	});

	it('D4: stays closed for a revoked session', async () => {
		const { inbox, place } = await live();
		place.standing = { status: 401 };
		place.socket.end(4001);
		await pass(60_000);
		expect([inbox.line, inbox.closedFor]).toEqual(['closed', 'session_revoked']);
		expect([place.sockets.length, place.wentToLogin]).toEqual([1, 1]);
	});
});

describe('R1: what has reached this tab', () => {
	it('is said once, for rooms that it does not show', async () => {
		const { inbox, heard, say } = await live();
		expect(heard).toContainEqual({ type: 'delivered', rooms: [[room, 3]] });
		const said = () => heard.filter((frame) => frame.type === 'delivered').length;
		say({ type: 'row', row: row(3, { muted: true }) });
		await pass(1_000);
		expect(said()).toBe(1);
		inbox.roomShown = room;
		say({ type: 'row', row: row(4) });
		await pass(1_000);
		expect(said()).toBe(1);
		inbox.roomShown = null;
		await pass(1_000);
		expect(heard.at(-1)).toEqual({ type: 'delivered', rooms: [[room, 4]] });
	});

	it('is not said of what I wrote, nor of what the room knows', async () => {
		const { heard, say } = await live({ state: state({ rows: [] }) });
		heard.length = 0;
		const mine = row(9);
		mine.summary!.last!.from = ana;
		say({ type: 'row', row: mine });
		say({ type: 'row', row: row(10, {}, 10) });
		await pass(1_000);
		expect(heard).toEqual([]);
	});
});

describe('P2: use of this tab', () => {
	it('is said with hello and then as it changes, with no heartbeat', async () => {
		const { heard, place } = await live();
		heard.splice(0, heard.length, heard[0]!);
		expect(heard).toEqual([{ type: 'hello', active: true, idle: 0 }]);
		await pass(IDLE_AFTER);
		place.window.dispatchEvent(new Event('keydown'));
		place.show('hidden');
		await pass(60_000);
		place.show('visible');
		// Lines that were made anew say hello again.
		expect(heard.filter(({ type }) => type === 'activity')).toEqual([
			{ type: 'activity', active: false, idle: IDLE_AFTER },
			{ type: 'activity', active: true, idle: 0 },
			{ type: 'activity', active: false, idle: 0 },
			{ type: 'activity', active: true, idle: 0 },
		]);
	});

	it('is said again after a sleep, in which one may have been taken for gone', async () => {
		const { heard } = await live();
		heard.length = 0;
		vi.setSystemTime(Date.now() + 120_000);
		await pass(20_000);
		expect(heard).toContainEqual(expect.objectContaining({ type: 'activity', active: true }));
	});
});

it('presence is told by the clock of the server, and grows old by itself', async () => {
	const { inbox, say } = await live();
	const theirs = NOW + 3_600_000;
	say({ type: 'presence', now: theirs, person: bob, active: false, at: theirs - 30_000 });
	expect(inbox.presenceOf(bob)).toEqual({ kind: 'minutes', minutes: 1 });
	await pass(5 * 60_000);
	expect(inbox.presenceOf(bob)).toEqual({ kind: 'minutes', minutes: 5 });
	expect(inbox.presenceOf(eve)).toEqual({ kind: 'unknown' });
});

it('news and changed lines are passed on', async () => {
	const news = vi.fn<NonNullable<InboxOptions['news']>>();
	const changed = vi.fn<NonNullable<InboxOptions['changed']>>();
	const { say } = await live({ news, changed });
	changed.mockClear();
	const person = { id: eve, username: 'eve', name: 'Eve' };
	say({ type: 'news', news: 'invited', person, room: withEve, mine: false });
	say({ type: 'row', row: row(4) });
	expect(news.mock.calls).toEqual([[{ type: 'news', news: 'invited', person, room: withEve, mine: false }]]);
	expect(changed.mock.calls).toEqual([[row(3), row(4)]]);
});
