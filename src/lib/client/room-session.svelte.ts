import { untrack } from 'svelte';
import { HOLE_PATIENCE, TEXT_MAX } from '#lib/chat/limits.ts';
import * as logs from '#lib/chat/log.ts';
import type { Log, MessageState } from '#lib/chat/log.ts';
import {
	cleanText,
	lengthOf,
	type Marks,
	type Message,
	type Pending,
	type SendableBody,
} from '#lib/chat/message.ts';
import {
	encode,
	parseServerFrame,
	type ClientFrame,
	type RefusedFrame,
	type ServerFrame,
} from '#lib/chat/protocol.ts';
import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import type { History } from '#lib/chat/rpc.ts';
import { Deletions } from './deletions.svelte.ts';
import { keepDraft, readDraft } from './drafts.ts';
import { Marker } from './marker.ts';
import { Older } from './older.svelte.ts';
import { Outbox } from './outbox.ts';
import { Sender } from './sender.ts';
import { Socket, type ClosedFor, type SocketState } from './socket.ts';
import { browser, isLookedAt, type Surroundings } from './surroundings.ts';
import { Timer } from './timer.ts';

/** How long the room may take to answer before the line is doubted. */
const ANSWER_DEADLINE = 10_000;
/** When `slow_down` does not say how long. */
const SLOW_DOWN = 1_000;
/** A page that comes back before somebody's eyes after so long asks whether it has missed anything. */
const CERTAIN_FOR = 30_000;

/** `live`: connected and caught up. `offline`: not, and it has failed before. */
export type Line = 'connecting' | 'live' | 'offline' | 'closed';
export type SendResult = { ok: true; id: string } | { ok: false; code: 'empty' | 'too_long' | 'ended' };

export interface RoomSessionOptions {
	room: RoomName;
	me: PersonId;
	/** What the page was rendered with: the newest page of history. */
	history: History;
	/** False: they are no longer friends. There is no line then, only what was said. */
	open?: boolean;
	/** Reads older history where there is no line. Null when it cannot be had. */
	older?: (before: number) => Promise<Pick<History, 'messages'> | null>;
	/** Deletes a message of mine where there is no line. Returns the tombstone, or null when that failed. */
	remove?: (id: string) => Promise<Message | null>;
}

/** One room as a page shows it: its history, what I am saying, the line, and everything that happens meanwhile. */
export class RoomSession {
	readonly room: RoomName;
	readonly me: PersonId;

	#log: Log = $state.raw()!;
	#line: Line = $state('connecting');
	#closedFor: ClosedFor | null = $state(null);
	#draft = $state('');

	readonly #options: RoomSessionOptions;
	readonly #given: Surroundings | undefined;
	#around!: Surroundings;
	readonly #socket: Socket;
	readonly #outbox: Outbox;
	readonly #sender: Sender;
	readonly #deletions: Deletions;
	readonly #marker: Marker;
	readonly #older: Older;
	readonly #listeners = new Set<(frame: ServerFrame) => void>();
	#opened: AbortController | null = null;

	/** How many drafts are on their way into the outbox: until then the copy in localStorage is the only one. */
	#unkept = 0;

	/** The present line is there, and what was missed has come. */
	#synced = false;

	/** When the room was last asked what was missed. */
	#askedAt = 0;

	readonly #answerDue = new Timer();
	readonly #slowed = new Timer();
	readonly #hole = new Timer();

	constructor(options: RoomSessionOptions, surroundings?: Surroundings) {
		const { room, me, history } = options;
		this.room = room;
		this.me = me;
		this.#options = options;
		this.#given = surroundings;
		this.#log = logs.fromHistory(room, me, history);
		if (options.open === false) {
			this.#line = 'closed';
			this.#closedFor = 'friendship_ended';
		}
		const say = (frame: ClientFrame) => this.say(frame);
		const doubt = () => this.#socket.probe();
		this.#outbox = new Outbox(me, room);
		this.#sender = new Sender({
			outbox: this.#outbox,
			log: () => this.#log,
			become: (log) => this.#become(log),
			send: ({ id, body }) => void this.say({ type: 'send', id, body }),
			doubt,
		});
		this.#deletions = new Deletions(this.#outbox, { say, doubt });
		this.#marker = new Marker({
			log: () => this.#log,
			isLookedAt: () => isLookedAt(this.#around),
			line: () => (!this.#synced ? 'none' : this.#sender.isCatchingUp ? 'busy' : 'free'),
			say,
		});
		this.#older = new Older({
			first: () => ({ seq: logs.firstOf(this.#log), hasOlder: this.hasOlder }),
			isLive: () => this.#synced,
			say,
			doubt,
			read: async (before) => (await options.older?.(before).catch(() => null)) ?? null,
			take: (messages) => this.#become(logs.older(this.#log, messages)),
		});
		this.#socket = new Socket(
			{
				path: `/ws/chat/${room}`,
				me,
				room,
				opened: () => this.#hello(),
				received: (data) => this.#receive(data),
				changed: (state, closedFor) => this.#lineChanged(state, closedFor),
			},
			surroundings,
		);
	}

	/** What was said, in order, without gaps, oldest first. */
	get messages(): readonly Message[] {
		return this.#log.messages;
	}

	/** What I said and the room has not acknowledged, in the order of saying; shown after all messages. */
	get pending(): readonly Pending[] {
		return this.#log.pending;
	}

	get line(): Line {
		return this.#line;
	}

	/** Why there will be no line, when `line` is `closed`; null also when this page closed it. */
	get closedFor(): ClosedFor | null {
		return this.#closedFor;
	}

	get hasOlder(): boolean {
		return logs.hasOlder(this.#log);
	}

	get loadingOlder(): boolean {
		return this.#older.loading;
	}

	/** The last `loadOlder` brought nothing. */
	get olderFailed(): boolean {
		return this.#older.failed;
	}

	get friendMarks(): Marks {
		return this.#log.marks.friends;
	}

	get myMarks(): Marks {
		return this.#log.marks.mine;
	}

	/** The friend's messages that I have not read, as far as they are loaded. */
	get unread(): number {
		return logs.unread(this.#log);
	}

	/** What is in the composer; kept with every change (bind it). */
	get draft(): string {
		return this.#draft;
	}

	set draft(text: string) {
		this.#draft = text;
		// Before the page lives, what is kept has not been read yet; while a message is on its way into the outbox, its draft
		// is the only copy.
		if (this.#opened && (text !== '' || this.#unkept === 0)) keepDraft(this.me, this.room, text);
	}

	/** How far a message of mine has come; null for one of the friend's. */
	stateOf(message: Message | Pending): MessageState | null {
		return logs.stateOf(this.#log, message);
	}

	/** When the friend saw a message of mine, ms since 1970; null when they did not, or that is not known. */
	seenAt(message: Message | Pending): number | null {
		return logs.seenAt(this.#log, message);
	}

	isDeleting(id: string): boolean {
		return this.#deletions.has(id);
	}

	/** Starts living: connects, and takes up what earlier pages left. In the browser only; `close` ends it. */
	open(): void {
		// What an effect starts here must not start again with every change of the history.
		if (!this.#opened) untrack(() => this.#open());
	}

	#open(): void {
		const life = new AbortController();
		this.#opened = life;
		this.#around = this.#given ?? browser();

		const saved = readDraft(this.me, this.room);
		const typed = this.#draft;
		this.draft = !saved || typed.includes(saved) ? typed : typed ? `${saved}\n${typed}` : saved;

		const { window, document } = this.#around;
		const looked = () => this.#lookedAt();
		window.addEventListener('focus', looked);
		document.addEventListener('visibilitychange', looked);
		const unlisten = this.#outbox.listen({
			changed: () => void this.#sender.reread(),
			discarded: (id) => this.#become(logs.discard(this.#log, id)),
		});
		life.signal.addEventListener('abort', () => {
			window.removeEventListener('focus', looked);
			document.removeEventListener('visibilitychange', looked);
			unlisten();
		});

		void this.#sender.reread().then(() => {
			if (this.#isOver()) this.#sender.failAll('ended');
		});
		void this.#deleteWhatIsLeft();
		if (this.#options.open !== false) {
			this.#line = 'connecting';
			this.#closedFor = null;
			this.#socket.open();
		}
	}

	close(): void {
		if (!this.#opened) return;
		this.#opened.abort();
		this.#opened = null;
		this.#socket.close();
		this.#lineLost();
		this.#marker.stop();
	}

	/**
	 * Says something. It is on the screen at once, kept, and sent when there is a line.
	 * @param content text as it was typed, or a body that is ready
	 * @param id where it has one already: the upload of its media was made under it
	 */
	send(content: string | SendableBody, id: string = crypto.randomUUID()): SendResult {
		const body = typeof content === 'string' ? { kind: 'text' as const, text: cleanText(content) } : content;
		if (body.kind === 'text') {
			if (body.text === '') return { ok: false, code: 'empty' };
			if (body.text.length > TEXT_MAX && lengthOf(body.text) > TEXT_MAX)
				return { ok: false, code: 'too_long' };
		}
		if (this.#isOver()) return { ok: false, code: 'ended' };

		void this.#keep({ id, from: this.me, at: Date.now(), body, state: 'sending' });
		if (typeof content === 'string' && this.#draft === content) this.draft = '';
		return { ok: true, id };
	}

	async #keep(pending: Pending): Promise<void> {
		this.#unkept++;
		await this.#sender.add(pending);
		if (--this.#unkept === 0 && this.#opened) keepDraft(this.me, this.room, this.#draft);
	}

	/** Tries one again that failed, with the same id. */
	retry(id: string): void {
		if (!this.#isOver()) void this.#sender.retry(id);
	}

	/**
	 * Gives up something that is not acknowledged. What is on its way just now may arrive all the same.
	 * @returns its text, for editing
	 */
	discard(id: string): string {
		const pending = this.#log.pending.find((one) => one.id === id);
		if (!pending) return '';
		this.#sender.discard(id);
		return pending.body.kind === 'text' ? pending.body.text : '';
	}

	/** Deletes a message of mine for everyone, now or as soon as there is a line (M7), in this page or a later one (C3). */
	delete(id: string): void {
		if (this.#log.pending.some((pending) => pending.id === id)) return void this.discard(id);
		const message = logs.said(this.#log, id);
		if (!message || message.body.kind === 'deleted' || !this.#deletions.add(id)) return;
		if (this.#synced) this.#deletions.ask([id]);
		else void this.#deleteWithoutLine(id);
	}

	async #deleteWithoutLine(id: string): Promise<void> {
		const message = await this.#options.remove?.(id).catch(() => null);
		if (message) {
			this.#become(logs.apply(this.#log, { type: 'changed', message, revision: message.revision }));
			this.#deletions.remove([id]);
		}
		// Where there may be a line again, if only in a later page, it is asked for once more there.
		else if (this.#isOver() && this.#closedFor !== 'suspended') this.#deletions.remove([id]);
	}

	/** With a line, all that is to be deleted is asked for once it is there. */
	async #deleteWhatIsLeft(): Promise<void> {
		for (const id of await this.#deletions.reread())
			if (this.#synced) this.#deletions.ask([id]);
			else if (this.#isOver()) void this.#deleteWithoutLine(id);
	}

	/**
	 * The page shows this message, and so all before it. It is marked as read once somebody really looks at the page (R2).
	 */
	seen(seq: number): void {
		this.#marker.shows(seq);
	}

	/** Loads the page of history before the first message. `olderFailed` says whether to offer another try. */
	loadOlder(): Promise<void> {
		return this.#older.load();
	}

	/** Lets go of all but the newest messages; they can be loaded again. */
	forgetOlder(keep: number): void {
		this.#become(logs.forgetOlder(this.#log, keep));
	}

	/** Hears every frame of the room, after it was taken in. @returns what ends it */
	listen(listener: (frame: ServerFrame) => void): () => void {
		this.#listeners.add(listener);
		return () => this.#listeners.delete(listener);
	}

	/** Says a frame that nobody repeats when it is lost. @returns whether there was a line */
	say(frame: ClientFrame): boolean {
		return this.#socket.send(encode(frame));
	}

	#become(log: Log): void {
		const before = this.#log;
		if (log === before) return;
		this.#log = log;
		if (log.pending !== before.pending) this.#sender.settle(before.pending);
		if (log.messages !== before.messages)
			this.#deletions.remove(this.#deletions.all.filter((id) => logs.said(log, id)?.body.kind === 'deleted'));
	}

	/** Somebody looks at a page that may have slept: what it shows should be certain. */
	#lookedAt(): void {
		if (!isLookedAt(this.#around) || !this.#synced) return;
		if (Date.now() - this.#askedAt > CERTAIN_FOR) this.#hello();
		this.#marker.soon();
	}

	#hello(): void {
		this.#askedAt = Date.now();
		this.say(logs.hello(this.#log));
		this.#answerDue.set(ANSWER_DEADLINE, () => this.#socket.reconnect());
	}

	#receive(data: string): void {
		const frame = parseServerFrame(data);
		if (!frame) return;
		this.#become(logs.apply(this.#log, frame));
		if (frame.type === 'refused') this.#refused(frame);
		else if (frame.type === 'sync') this.#caughtUp(frame.more);
		else if (frame.type === 'page') this.#older.came(frame.before);
		// The answer for one that is older than what is loaded.
		else if (
			frame.type === 'changed' &&
			frame.message.from === this.me &&
			frame.message.body.kind === 'deleted'
		)
			this.#deletions.remove([frame.message.id]);
		if (this.#synced) {
			this.#lookForHole();
			this.#marker.soon();
		}
		for (const listener of this.#listeners) listener(frame);
	}

	#caughtUp(more: boolean): void {
		if (more) return this.#hello();
		this.#answerDue.clear();
		if (this.#synced) return;
		this.#synced = true;
		this.#line = 'live';
		this.#deletions.ask();
		this.#sender.start();
	}

	/** M5: what is missing may only be late. */
	#lookForHole(): void {
		if (!logs.hasHole(this.#log)) this.#hole.clear();
		else if (!this.#hole.running) this.#hole.set(HOLE_PATIENCE, () => this.#hello());
	}

	#refused({ code, id, retryAfter = SLOW_DOWN }: RefusedFrame): void {
		const isOfAMessage =
			id === undefined || this.#deletions.has(id) || this.pending.some((pending) => pending.id === id);
		// Others who use this line see to theirs.
		if (!isOfAMessage) return;
		if (code === 'slow_down') {
			this.#sender.pause();
			this.#older.lost();
			this.#slowed.set(retryAfter, () => {
				if (!this.#synced || logs.hasHole(this.#log)) this.#hello();
				this.#deletions.ask();
				this.#marker.again();
				this.#marker.soon();
				this.#sender.resume();
			});
			return;
		}
		if (id !== undefined && this.#deletions.has(id)) return this.#deletions.remove([id]);
		this.#sender.refused(code, id);
	}

	#lineChanged(state: SocketState, closedFor: ClosedFor | null): void {
		if (state !== 'open') this.#lineLost();
		if (state === 'closed') {
			this.#line = 'closed';
			this.#closedFor = closedFor;
			if (this.#isOver()) {
				this.#sender.failAll('ended');
				for (const id of this.#deletions.all) void this.#deleteWithoutLine(id);
			}
		} else this.#line = state === 'offline' ? 'offline' : 'connecting';
	}

	#lineLost(): void {
		this.#synced = false;
		this.#marker.again();
		this.#sender.stop();
		this.#deletions.stop();
		this.#older.lost();
		for (const timer of [this.#answerDue, this.#slowed, this.#hole]) timer.clear();
	}

	/** Nothing can be said here any more, in no tab and at no time. */
	#isOver(): boolean {
		const why = this.#closedFor;
		return why === 'friendship_ended' || why === 'unknown_room' || why === 'suspended';
	}
}
