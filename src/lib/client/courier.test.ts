import 'fake-indexeddb/auto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Courier } from './courier.ts';
import { Outbox, waitingRooms } from './outbox.ts';
import { RoomSession } from './room-session.svelte.ts';
import { ana, bob, emptyOutboxes, pass, room, TestRoom } from './testing.ts';

let there: TestRoom;
let stop: (() => void)[];

beforeEach(() => {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
	there = new TestRoom();
	stop = [];
});
afterEach(async () => {
	for (const end of stop) end();
	await pass();
	await emptyOutboxes();
	vi.useRealTimers();
});

/** Ana writes without a line and leaves the room. */
async function leave(...texts: string[]) {
	there.down = true;
	const session = new RoomSession({ room, me: ana, history: there.history() }, there.place(ana));
	session.open();
	for (const text of texts) session.send(text);
	await pass(100);
	session.close();
	await pass();
	there.down = false;
}
const said = () => there.all().map(({ body }) => (body.kind === 'text' ? body.text : body.kind));

test('C3: what was left behind in a room that no page shows is sent, in order, and the line closed again', async () => {
	await leave('one', 'two');
	await pass(15_000);
	const place = there.place(ana);
	stop.push(new Courier(ana, place).open());
	await pass(100);
	expect(said()).toEqual(['one', 'two']);
	expect(place.sockets).toHaveLength(1);
	await pass(31_000);
	expect(place.socket.readyState).toBeGreaterThan(1);
	expect(await new Outbox(ana, room).all()).toEqual([]);
});

test('C3, M7: what was left to be deleted is deleted', async () => {
	there.say(ana, 'oh no', 'oh-no-oh-no');
	const session = new RoomSession({ room, me: ana, history: there.history() }, there.place(ana));
	session.open();
	await pass(100);
	there.down = true;
	there.restart();
	session.delete('oh-no-oh-no');
	await pass(100);
	session.close();
	there.down = false;
	await pass(15_000);
	stop.push(new Courier(ana, there.place(ana)).open());
	await pass(100);
	expect(said()).toEqual(['deleted']);
	expect(await waitingRooms(ana, Date.now())).toEqual([]);
});

test('C3: what a page may still be sending is left to it for a while', async () => {
	await leave('fresh');
	const place = there.place(ana);
	stop.push(new Courier(ana, place).open());
	await pass(10_000);
	expect(place.sockets).toEqual([]);
	await pass(21_000);
	expect(said()).toEqual(['fresh']);
});

test('C3: the courier of one person carries nothing of another’s', async () => {
	await leave('of ana');
	await pass(15_000);
	expect(await waitingRooms(ana, Date.now())).toEqual([room]);
	expect(await waitingRooms(bob, Date.now())).toEqual([]);
	const place = there.place(bob);
	stop.push(new Courier(bob, place).open());
	await pass(60_000);
	expect([place.sockets, said()]).toEqual([[], []]);
});

test('M6: what failed waits for its person', async () => {
	await leave('of ana');
	await pass(15_000);
	const outbox = new Outbox(ana, room);
	await outbox.fail((await outbox.all())![0]!.id, 'ended');
	const place = there.place(ana);
	stop.push(new Courier(ana, place).open());
	await pass(60_000);
	expect(place.sockets).toEqual([]);
});

test('a courier that is stopped carries no further', async () => {
	await leave('of ana');
	const place = there.place(ana);
	const end = new Courier(ana, place).open();
	await pass(1_000);
	end();
	await pass(60_000);
	expect([place.sockets, said()]).toEqual([[], []]);
});
