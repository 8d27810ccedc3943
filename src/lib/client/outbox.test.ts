import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Pending } from '#lib/chat/message.ts';
import { Outbox, waitingRooms, type OutboxListener } from './outbox.ts';
import { ana, bob, emptyOutboxes, pass, room } from './testing.ts';

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
	await emptyOutboxes();
	vi.useRealTimers();
});

const saying = (id: string): Pending => ({
	id,
	from: ana,
	at: 1,
	body: { kind: 'text', text: `text of ${id}` },
	state: 'sending',
});
const ids = async (outbox: Outbox) => (await outbox.all())?.map(({ id }) => id);

describe('what is kept', () => {
	test('C3: is there for every tab, in the order of saying, as it was', async () => {
		const [one, other] = [new Outbox(ana, room), new Outbox(ana, room)];
		await one.add(saying('first-one'));
		await other.add(saying('second-one'));
		await one.add(saying('third-one'));
		expect(await ids(other)).toEqual(['first-one', 'second-one', 'third-one']);
		expect((await one.all())?.[1]).toEqual(saying('second-one'));
	});

	test('M1: is there once, however often it is added', async () => {
		const outbox = new Outbox(ana, room);
		expect(await outbox.add(saying('only-once'))).toBe(true);
		expect(await outbox.add(saying('only-once'))).toBe(true);
		expect(await ids(outbox)).toEqual(['only-once']);
	});

	test('C3: belongs to a person and a room', async () => {
		await new Outbox(ana, room).add(saying('of-ana-123'));
		expect(await ids(new Outbox(bob, room))).toEqual([]);
		expect(await ids(new Outbox(ana, `${ana}_eve00000`))).toEqual([]);
		await new Outbox(bob, room).remove(['of-ana-123']);
		expect(await ids(new Outbox(ana, room))).toEqual(['of-ana-123']);
	});

	test('C3, M7: what is to be deleted is kept too, once, apart from what is said', async () => {
		const [one, other] = [new Outbox(ana, room), new Outbox(ana, room)];
		await one.add(saying('said-again'));
		await one.addDeletion('said-again');
		await one.addDeletion('said-before');
		await other.addDeletion('said-before');
		expect(await other.deletions()).toEqual(['said-again', 'said-before']);
		expect(await ids(other)).toEqual(['said-again']);
		expect(await new Outbox(bob, room).deletions()).toEqual([]);
		await other.removeDeletions(['said-again', 'never-asked']);
		expect(await one.deletions()).toEqual(['said-before']);
		expect(await ids(one)).toEqual(['said-again']);
		expect(await waitingRooms(ana, Date.now() + 1)).toEqual([room]);
		await one.remove(['said-again']);
		expect(await waitingRooms(ana, Date.now() + 1)).toEqual([room]);
		await one.removeDeletions(['said-before']);
		expect(await waitingRooms(ana, Date.now() + 1)).toEqual([]);
	});

	test('M6: knows why it failed, and goes to the end when it is tried again', async () => {
		const outbox = new Outbox(ana, room);
		for (const id of ['first-one', 'second-one']) await outbox.add(saying(id));
		await outbox.fail('first-one', 'too_long');
		expect((await outbox.all())?.[0]).toEqual({
			...saying('first-one'),
			state: 'failed',
			reason: 'too_long',
		});
		await outbox.retry('first-one');
		expect(await outbox.all()).toEqual([saying('second-one'), saying('first-one')]);
		await outbox.fail('nobody-has', 'too_long');
		await outbox.retry('nobody-has');
		await outbox.remove(['second-one', 'nobody-has']);
		expect(await ids(outbox)).toEqual(['first-one']);
	});

	test('is not removed before it was added', async () => {
		const outbox = new Outbox(ana, room);
		void outbox.add(saying('quick-one'));
		void outbox.remove(['quick-one']);
		expect(await ids(outbox)).toEqual([]);
	});

	test('other tabs hear of it', async () => {
		const heard: string[] = [];
		const listen = (name: string): OutboxListener => ({
			changed: () => heard.push(`${name}: changed`),
			discarded: (id) => heard.push(`${name}: ${id} discarded`),
		});
		const [one, other, third] = [new Outbox(ana, room), new Outbox(ana, room), new Outbox(bob, room)];
		const ends = [one.listen(listen('one')), other.listen(listen('other')), third.listen(listen('third'))];
		await one.add(saying('first-one'));
		await pass();
		expect(heard).toEqual(['other: changed']);
		await other.discard('first-one');
		await pass();
		expect(heard).toEqual(['other: changed', 'one: first-one discarded']);
		for (const end of ends) end();
		await one.add(saying('second-one'));
		await pass();
		expect(heard).toHaveLength(2);
	});
});

describe('a browser that keeps nothing', () => {
	test('C3: says so, and nothing is thrown', async () => {
		vi.stubGlobal('indexedDB', undefined);
		const outbox = new Outbox(ana, room);
		expect(await outbox.add(saying('first-one'))).toBe(false);
		await outbox.fail('first-one', 'ended');
		await outbox.retry('first-one');
		await outbox.remove(['first-one']);
		expect(await outbox.all()).toBeNull();
	});

	test('C3: says so when the database fails, and uses it again when it works', async () => {
		const outbox = new Outbox(ana, room);
		const fails = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
			throw new DOMException('The user denied permission.', 'SecurityError');
		});
		vi.resetModules();
		const fresh = await import('./outbox.ts');
		const other = new fresh.Outbox(ana, room);
		expect([await other.add(saying('first-one')), await other.all()]).toEqual([false, null]);
		fails.mockRestore();
		expect([await other.add(saying('first-one')), await ids(outbox)]).toEqual([true, ['first-one']]);
	});

	test('C3: waits only so long for a database that never answers, and not twice', async () => {
		const silent = Object.create(IDBOpenDBRequest.prototype, {
			addEventListener: { value: () => {} },
			removeEventListener: { value: () => {} },
		}) as IDBOpenDBRequest;
		const opened = vi.spyOn(IDBFactory.prototype, 'open').mockReturnValue(silent);
		vi.resetModules();
		const { Outbox: Fresh } = await import('./outbox.ts');
		const outbox = new Fresh(ana, room);
		const results = Promise.all([outbox.add(saying('first-one')), outbox.all()]);
		await pass(3_000);
		expect(await results).toEqual([false, null]);
		expect(opened).toHaveBeenCalledTimes(1);
	});
});

describe('leading', () => {
	const never = new AbortController().signal;

	test('C3: one tab at a time does the work', async () => {
		const [one, other] = [new Outbox(ana, room), new Outbox(ana, room)];
		const done: string[] = [];
		let finish = () => {};
		const first = one.lead(never, async () => {
			done.push('one begins');
			await new Promise<void>((resolve) => (finish = resolve));
			done.push('one ends');
		});
		const second = other.lead(never, async () => void done.push('other'));
		await pass(1_000);
		expect(done).toEqual(['one begins']);
		finish();
		await Promise.all([first, second]);
		expect(done).toEqual(['one begins', 'one ends', 'other']);
	});

	test('people and rooms do not wait for one another', async () => {
		void new Outbox(ana, room).lead(never, () => new Promise(() => {}));
		const done: string[] = [];
		await new Outbox(bob, room).lead(never, async () => void done.push('bob'));
		await new Outbox(ana, `${ana}_eve00000`).lead(never, async () => void done.push('another room'));
		expect(done).toEqual(['bob', 'another room']);
		await new Outbox(ana, room).lead(AbortSignal.abort(), async () => void done.push('given up'));
		expect(done).toHaveLength(2);
		const taking = new Outbox(ana, room).lead(never, async () => void done.push('taken'));
		await pass(5_100);
		await taking;
	});

	test('C3: a tab that is asleep loses its turn', async () => {
		const [asleep, awake] = [new Outbox(ana, room), new Outbox(ana, room)];
		let leads = () => false;
		void asleep.lead(never, (still) => {
			leads = still;
			return new Promise(() => {});
		});
		let took = false;
		const taking = awake.lead(never, async (still) => void (took = still()));
		await pass(4_900);
		expect([leads(), took]).toEqual([true, false]);
		await pass(200);
		await taking;
		expect([leads(), took]).toEqual([false, true]);
	});

	test('waiting may be given up', async () => {
		const [one, other] = [new Outbox(ana, room), new Outbox(ana, room)];
		let finish = () => {};
		const first = one.lead(never, () => new Promise<void>((resolve) => (finish = resolve)));
		await pass();
		const over = new AbortController();
		let worked = false;
		const second = other.lead(over.signal, async () => void (worked = true));
		over.abort();
		await second;
		finish();
		await first;
		await pass(10_000);
		expect(worked).toBe(false);
	});

	test('what goes wrong at work is told', async () => {
		const outbox = new Outbox(ana, room);
		await expect(outbox.lead(never, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
		let worked = false;
		await outbox.lead(never, async () => void (worked = true));
		expect(worked).toBe(true);
	});

	for (const [what, navigator] of [
		['has no locks', {}],
		['forbids locks', { locks: { request: () => Promise.reject(new DOMException('No.', 'SecurityError')) } }],
	] as const)
		test(`a browser that ${what} leads at once`, async () => {
			vi.stubGlobal('navigator', navigator);
			let led = false;
			await new Outbox(ana, room).lead(never, async (leads) => void (led = leads()));
			expect(led).toBe(true);
		});
});
