import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChatRow } from '#lib/chat/inbox-protocol.ts';
import { Attention, PATIENCE, stands, total, worth, type Announcement, type Means } from './attention.ts';

const ana = 'ana00000';
const bob = 'bob00000';
const room = 'ana00000_bob00000';

/** Bob's line in ana's list, after so many messages of his, of which ana has read some. */
function line(
	seq: number,
	read = 0,
	more: Partial<ChatRow> = {},
	kind: 'text' | 'deleted' = 'text',
): ChatRow {
	return {
		room,
		friend: { id: bob, username: 'bob', name: 'Bob' },
		open: true,
		since: 1,
		muted: false,
		summary: {
			room,
			revision: seq + read,
			last: {
				seq,
				from: bob,
				at: seq,
				preview: kind === 'text' ? { kind, text: `message ${seq}` } : { kind },
			},
			unread: seq - read,
			delivered: read,
			read,
		},
		...more,
	};
}
const mine = (seq: number): ChatRow => {
	const row = line(seq);
	return { ...row, summary: { ...row.summary!, unread: 0, last: { ...row.summary!.last!, from: ana } } };
};

describe('what deserves attention', () => {
	it('is a new message of a friend', () => {
		expect(worth(line(3), line(4), ana)).toBe(4);
		expect(worth({ ...line(1), summary: null }, line(1), ana)).toBe(1);
	});

	it('is nothing that was there when the page opened, was read, is mine, is taken back, muted or over', () => {
		const nothing: [ChatRow | undefined, ChatRow][] = [
			[undefined, line(4)],
			[line(4), line(4)],
			[line(3), line(4, 4)],
			[line(3), mine(4)],
			[line(3), line(4, 0, {}, 'deleted')],
			[line(3), line(4, 0, { muted: true })],
			[line(3), line(4, 0, { open: false })],
			[line(4), line(3)],
		];
		expect(nothing.map(([before, after]) => worth(before, after, ana))).toEqual(nothing.map(() => null));
	});

	it('stands until it is read, taken back or silenced', () => {
		expect(stands(line(4), 4)).toBe(true);
		expect(stands(line(5), 4)).toBe(true);
		const gone = [line(4, 4), line(4, 0, {}, 'deleted'), line(4, 0, { muted: true }), undefined];
		expect(gone.map((row) => stands(row, 4))).toEqual([false, false, false, false]);
	});

	it('is counted without muted rooms, with unseen invitations', () => {
		expect(total([line(3), line(5, 0, { muted: true }), line(9, 0, { open: false })], 2)).toBe(5);
		expect(total([line(5_000)], 0)).toBe(1_000);
	});
});

/** Tabs of one browser: the first that is open leads. Everything they do is written down. */
class Browser {
	readonly did: string[] = [];
	row: ChatRow = line(3);
	readonly tabs: { attention: Attention; stop(): void; shows: string | null }[] = [];
	#waiting: (() => void)[] = [];
	#led = false;

	open(): (typeof this.tabs)[number] {
		const number = this.tabs.length + 1;
		const means: Means = {
			lead: (signal, lead) => {
				const take = () => {
					if (signal.aborted) return this.#next();
					this.#led = true;
					signal.addEventListener('abort', () => ((this.#led = false), this.#next()));
					lead();
				};
				if (this.#led) this.#waiting.push(take);
				else take();
			},
			isLookedAt: (which) => tab.shows === which,
			chime: () => this.did.push(`tab ${number} chimes`),
			notify: (_, { title, body }: Announcement) => {
				this.did.push(`tab ${number} shows ${title}: ${body}`);
				return () => this.did.push(`tab ${number} takes it away`);
			},
		};
		const attention = new Attention({
			me: ana,
			means,
			rowOf: () => this.row,
			announce: ({ friend, summary }) => ({
				title: friend.name,
				body: summary?.last?.preview.kind === 'text' ? summary.last.preview.text : '',
				open: () => {},
			}),
		});
		const tab = { attention, stop: attention.start(), shows: null as string | null };
		this.tabs.push(tab);
		return tab;
	}

	#next(): void {
		this.#waiting.shift()?.();
	}

	become(row: ChatRow): void {
		const before = this.row;
		this.row = row;
		for (const { attention } of this.tabs) attention.heard(before, row);
	}
}

describe('attention', () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());

	it('is called once, however many tabs are open', () => {
		const browser = new Browser();
		for (let i = 0; i < 3; i++) browser.open();
		browser.become(line(4));
		vi.advanceTimersByTime(PATIENCE);
		expect(browser.did).toEqual(['tab 1 chimes', 'tab 1 shows Bob: message 4']);
	});

	it('is called by another tab when the leading one is closed', () => {
		const browser = new Browser();
		const first = browser.open();
		browser.open();
		first.stop();
		browser.become(line(4));
		vi.advanceTimersByTime(PATIENCE);
		expect(browser.did).toEqual(['tab 2 chimes', 'tab 2 shows Bob: message 4']);
	});

	it('is called once for a burst, with its last message', () => {
		const browser = new Browser();
		browser.open();
		for (let seq = 4; seq < 9; seq++) {
			browser.become(line(seq));
			vi.advanceTimersByTime(100);
		}
		vi.advanceTimersByTime(PATIENCE);
		expect(browser.did).toEqual(['tab 1 chimes', 'tab 1 shows Bob: message 8']);
	});

	it('is not called for a room that somebody looks at, here or on another device', () => {
		const browser = new Browser();
		const tab = browser.open();
		tab.shows = room;
		browser.become(line(4));
		vi.advanceTimersByTime(PATIENCE);
		tab.shows = null;
		browser.become(line(5));
		vi.advanceTimersByTime(PATIENCE / 2);
		browser.become(line(5, 5)); // read elsewhere
		vi.advanceTimersByTime(PATIENCE);
		expect(browser.did).toEqual([]);
	});

	it('goes away when the message is read elsewhere, or taken back', () => {
		for (const after of [line(4, 4), line(4, 0, {}, 'deleted')]) {
			const browser = new Browser();
			browser.open();
			browser.become(line(4));
			vi.advanceTimersByTime(PATIENCE);
			browser.become(after);
			expect(browser.did.slice(2)).toEqual(['tab 1 takes it away']);
		}
	});
});
