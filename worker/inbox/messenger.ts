import type { OpenTab } from '#lib/chat/presence.ts';
import type { PersonId } from '#lib/chat/room-name.ts';
import * as roster from '#lib/server/roster.ts';
import type { Env } from '../env.ts';
import { log } from '../log.ts';
import { door } from '../session.ts';
import { within } from '../within.ts';
import type { Effect } from './effect.ts';
import * as rules from './inbox.ts';
import * as outgoing from './inbox-outgoing.ts';
import * as presence from './inbox-presence.ts';
import { learn } from './inbox-roster.ts';
import type { InboxStore } from './inbox-store.ts';

/** Calls under way at a time, and how long one may take. */
const CALLS_MAX = 20;
const CALL_TIMEOUT = 5_000;

/** What a Messenger needs of its Inbox. */
interface Inside {
	ctx: DurableObjectState;
	env: Env;
	store: InboxStore;
	me(): PersonId;
	tabs(): OpenTab[];
	show(effects: Effect[]): void;
}

/** Makes the calls that an Inbox has to make: those that are due at once, the others by alarm. */
export class Messenger {
	readonly #ctx: DurableObjectState;
	readonly #env: Env;
	readonly #store: InboxStore;
	readonly #me: () => PersonId;
	readonly #tabs: () => OpenTab[];
	readonly #show: (effects: Effect[]) => void;
	/** Calls under way, by name. An eviction forgets them, and the alarm finds them outstanding. */
	readonly #under = new Map<string, Promise<void>>();
	/** When the alarm is set for; undefined when that must be asked. */
	#alarm: number | null | undefined;

	constructor({ ctx, env, store, me, tabs, show }: Inside) {
		this.#ctx = ctx;
		this.#env = env;
		this.#store = store;
		this.#me = me;
		this.#tabs = tabs;
		this.#show = show;
	}

	/** The alarm has come: it is set no more. */
	rang(): void {
		this.#alarm = null;
	}

	/**
	 * Waits for calls that are under way, if there are any; whatever becomes of them is no error here.
	 * @param names whether a call of this name is waited for
	 * @param patience ms
	 */
	async settled(names: (name: string) => boolean, patience: number): Promise<void> {
		const calls = [...this.#under].filter(([name]) => names(name)).map(([, call]) => call);
		if (calls.length > 0) await within(patience, Promise.all(calls)).catch(() => undefined);
	}

	/** Starts the calls that are due and sees to it that the alarm comes for the rest. */
	async goOn(): Promise<void> {
		const now = Date.now();
		const tabs = this.#tabs();
		for (const call of outgoing.outstanding(this.#store, tabs, now)) {
			const name = outgoing.nameOf(call);
			if (this.#under.size >= CALLS_MAX || this.#under.has(name)) continue;
			const made = this.#make(call)
				.finally(() => this.#under.delete(name))
				.then(() => this.goOn());
			this.#under.set(name, made);
			this.#ctx.waitUntil(made);
		}
		const at = outgoing.wakeAt(this.#store, tabs, new Set(this.#under.keys()), now);
		if (at === null) return;
		// An alarm that comes too early finds nothing to do; to move it would cost a write each time.
		this.#alarm ??= await this.#ctx.storage.getAlarm();
		if (this.#alarm !== null && this.#alarm <= at) return;
		this.#alarm = at;
		await this.#ctx.storage.setAlarm(at);
	}

	async #make(call: outgoing.Call): Promise<void> {
		const store = this.#store;
		const me = this.#me();
		try {
			switch (call.call) {
				case 'refresh': {
					const brought = await within(CALL_TIMEOUT, roster.read(door(this.#env).db, me));
					this.#show(learn(store, brought, call.ticket, me, Date.now()));
					break;
				}
				case 'pull': {
					const row = await within(CALL_TIMEOUT, this.#env.ROOMS.getByName(call.room).summaryFor(me));
					this.#show(rules.pulled(store, call.room, row));
					break;
				}
				case 'deliver':
					await within(CALL_TIMEOUT, this.#env.ROOMS.getByName(call.room).markDelivered(me, call.seq));
					store.gotConfirmed(call.room, call.seq);
					break;
				case 'watch': {
					const report = await within(CALL_TIMEOUT, this.#env.INBOXES.getByName(call.friend).subscribe(me));
					// They have not heard of the friendship: ask again, as after a failure.
					if (!report) return outgoing.failed(store, call, Date.now());
					this.#show(presence.watched(store, call.friend, report, Date.now()));
					break;
				}
				case 'unwatch':
					await within(CALL_TIMEOUT, this.#env.INBOXES.getByName(call.friend).unsubscribe(me));
					presence.unwatched(store, call.friend);
					break;
				case 'publish': {
					const subscriber = this.#env.INBOXES.getByName(call.friend);
					const wanted = await within(CALL_TIMEOUT, subscriber.friendPresence(me, call.report));
					presence.published(store, call, wanted);
					break;
				}
				case 'save':
					await within(CALL_TIMEOUT, roster.saveActivity(door(this.#env).db, me, call.at));
					store.self.saved(call.at, Date.now());
			}
			outgoing.succeeded(store, call);
		} catch (error) {
			outgoing.failed(store, call, Date.now());
			log({ event: 'call_failed', of: me, call: call.call, error });
		}
	}
}
