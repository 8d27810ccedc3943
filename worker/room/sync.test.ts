import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Marks, Message } from '#lib/chat/message.ts';
import type { ClientFrame, ServerFrame } from '#lib/chat/protocol.ts';
import { ana, bob, inStore, text } from '../testing.ts';
import { history, obey } from './room.ts';
import { RoomStore } from './room-store.ts';

/** A client that does what docs/protocol.md tells a client to do, and nothing cleverer. */
class Client {
	readonly messages = new Map<number, Message>();
	readonly marks = new Map<string, Marks>();
	last = 0;
	revision = 0;
	/** The client starts with nothing, or, after a reset, with the page that it was given. */
	from = 1;
	online = false;
	readonly #asker: { person: string; friend: string };
	readonly #store: () => RoomStore;

	constructor(asker: { person: string; friend: string }, store: () => RoomStore) {
		this.#asker = asker;
		this.#store = store;
	}

	/** Asks, and hears what comes back to it; returns what everybody hears. */
	ask(frame: ClientFrame): ServerFrame[] {
		const everybody: ServerFrame[] = [];
		for (const effect of obey(this.#store(), frame, this.#asker, 1)) {
			if (effect.do !== 'tell') continue;
			if (effect.whom === 'everybody') everybody.push(effect.frame);
			else this.hear(effect.frame);
		}
		return everybody;
	}

	catchUp(): void {
		this.ask({ type: 'hello', last: this.last, revision: this.revision });
	}

	hear(frame: ServerFrame): void {
		switch (frame.type) {
			case 'message':
				if (frame.message.seq > this.last + 1) return this.catchUp();
				this.#keep(frame.message);
				this.last = Math.max(this.last, frame.message.seq);
				return;
			case 'changed':
			case 'marks':
				if (frame.revision > this.revision + 1) return this.catchUp();
				if (frame.type === 'changed') this.#keep(frame.message);
				else this.#mark(frame);
				this.revision = Math.max(this.revision, frame.revision);
				return;
			case 'sync':
				if (frame.reset) {
					this.messages.clear();
					this.from = frame.messages[0]?.seq ?? 1;
				}
				for (const message of [...frame.messages, ...frame.changed]) this.#keep(message);
				for (const marks of frame.marks) this.#mark(marks);
				this.last = frame.last;
				this.revision = frame.revision;
				if (frame.more) this.catchUp();
		}
	}

	#keep(message: Message): void {
		const mine = this.messages.get(message.seq);
		if (message.seq >= this.from && (!mine || mine.revision < message.revision))
			this.messages.set(message.seq, message);
	}

	#mark({ person, delivered, read, revision, steps }: Marks): void {
		if ((this.marks.get(person)?.revision ?? 0) < revision)
			this.marks.set(person, { person, delivered, read, revision, ...(steps && { steps }) });
	}
}

type Step =
	| { step: 'say' | 'delete many'; who: number; count: number }
	| { step: 'again' | 'delete'; who: number; nth: number }
	| { step: 'mark'; who: number; nth: number; read: boolean }
	| { step: 'come' | 'go' | 'lose'; who: number }
	| { step: 'restart' };

const who = fc.nat({ max: 3 });
const nth = fc.nat({ max: 900 });
const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ step: fc.constant('say' as const), who, count: fc.constant(1) }) },
	{
		weight: 2,
		arbitrary: fc.record({
			step: fc.constantFrom('say' as const, 'delete many' as const),
			who,
			count: fc.nat({ max: 300 }),
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({ step: fc.constantFrom('again' as const, 'delete' as const), who, nth }),
	},
	{ weight: 3, arbitrary: fc.record({ step: fc.constant('mark' as const), who, nth, read: fc.boolean() }) },
	{
		weight: 6,
		arbitrary: fc.record({ step: fc.constantFrom('come' as const, 'go' as const, 'lose' as const), who }),
	},
	{ weight: 1, arbitrary: fc.record({ step: fc.constant('restart' as const) }) },
);

test('M4, C2: whatever happens, what a client has and what it then missed is what a fresh reading shows', () =>
	inStore((first, sql) => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
				sql.exec('DELETE FROM messages');
				sql.exec('DELETE FROM marks');
				let store = first;
				// Two tabs each.
				const clients = [ana, bob, ana, bob].map(
					(person) => new Client({ person, friend: person === ana ? bob : ana }, () => store),
				);
				const said: [number, string][] = [];
				const deaf = new Set<Client>();
				const act = (index: number, frame: ClientFrame) => {
					for (const heard of clients[index]!.ask(frame))
						for (const client of clients) {
							if (!client.online) continue;
							// A frame lost on the way: then nothing later on this line can arrive either, until it is made anew.
							if (deaf.has(client)) client.online = false;
							else client.hear(heard);
						}
				};
				const say = (index: number, id: string) =>
					act(index, { type: 'send', id, body: text(`words of ${id}`) });

				for (const now of steps) {
					if (now.step === 'say')
						for (let n = 0; n < now.count; n++) {
							const id = `message-${said.length}`;
							said.push([now.who, id]);
							say(now.who, id);
						}
					else if (now.step === 'delete many')
						for (const [index, id] of said.slice(-now.count)) act(index, { type: 'delete', id });
					else if (now.step === 'again' || now.step === 'delete') {
						const [index, id] = said[now.nth % (said.length || 1)] ?? [now.who, null];
						if (id === null) continue;
						if (now.step === 'again') say(index, id);
						else act(now.nth % 5 ? index : now.who, { type: 'delete', id });
					} else if (now.step === 'mark')
						act(now.who, { type: 'mark', [now.read ? 'read' : 'delivered']: now.nth + 1 });
					else if (now.step === 'restart') {
						store = new RoomStore(sql);
						for (const client of clients) client.online = false;
					} else if (now.step === 'lose') deaf.add(clients[now.who]!);
					else {
						const client = clients[now.who]!;
						client.online = now.step === 'come';
						deaf.delete(client);
						if (client.online) client.catchUp();
					}
				}

				const fresh = history(store, { limit: 200 });
				const all = store.after(0, 1_000_000);
				expect(all.map(({ seq }) => seq)).toEqual(Array.from({ length: said.length }, (_, n) => n + 1));
				for (const client of clients) {
					client.catchUp();
					expect([client.last, client.revision]).toEqual([fresh.last, fresh.revision]);
					expect([...client.messages.values()].sort((a, b) => a.seq - b.seq)).toEqual(
						all.filter(({ seq }) => seq >= client.from),
					);
					expect([...client.marks.values()].sort((a, b) => (a.person < b.person ? -1 : 1))).toEqual(
						fresh.marks,
					);
				}
			}),
			{ numRuns: 100 },
		);
	}));
