import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as drafts from './drafts.ts';
import { MediaOutbox, type OutgoingBody } from './media-outbox.svelte.ts';
import * as kept from './outgoing.ts';
import { upload, type Outcome } from './upload.ts';

vi.mock('./upload.ts', () => ({ upload: vi.fn() }));

/** What became of each try, in turn; the last goes on. */
let outcomes: (Outcome | Promise<Outcome>)[];
/** Every upload that was tried: its id, and whether it may have been there before. */
let tried: [id: string, again: boolean][];
/** What the room's own outbox was given, and what is in the room. */
let said: string[];
let room: string;
let open: boolean;
const outboxes: MediaOutbox[] = [];

const arrived: Outcome = { ok: true, uploaded: null };
const lost: Outcome = { ok: false, code: 'offline' };
const body: OutgoingBody = { kind: 'photo', media: 'photo-0001', width: 4, height: 3 };
const message = (id: string) => ({
	id,
	body: { ...body, media: id },
	files: [{ id, blob: new Blob(['bytes']) }],
});

function outbox(): MediaOutbox {
	const made = new MediaOutbox('ana00000', room, {
		send: (_, id) => {
			if (open) said.push(id);
			return { ok: open };
		},
		hasSaid: () => false,
	});
	outboxes.push(made);
	made.open();
	return made;
}
const waiting = () => kept.all('ana00000', room);

beforeEach(() => {
	[outcomes, tried, said, room, open] = [[arrived], [], [], `room-${crypto.randomUUID()}`, true];
	vi.stubGlobal('window', new EventTarget());
	vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }));
	vi.stubGlobal('navigator', {});
	vi.stubGlobal(
		'Image',
		class {
			decode = async () => {};
		},
	);
	// Waits between two tries are as short as chance makes them.
	vi.spyOn(Math, 'random').mockReturnValue(0);
	vi.mocked(upload).mockImplementation(async (_, id, blob, { again = false, onprogress } = {}) => {
		tried.push([id, again]);
		onprogress?.(blob.size, blob.size);
		return (outcomes.length > 1 ? outcomes.shift() : outcomes[0]) ?? arrived;
	});
});
afterEach(() => {
	for (const one of outboxes.splice(0)) one.close();
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

describe('C3: what is sent with bytes', () => {
	it('goes up, then into the room, and is forgotten only when the room has it', async () => {
		const mine = outbox();
		await mine.add(message('photo-0001'));
		await vi.waitFor(() => expect(said).toEqual(['photo-0001']));
		expect(mine.items).toEqual([]);
		expect(await waiting()).toHaveLength(1);
		mine.acknowledge(new Set(['photo-0001']));
		await vi.waitFor(async () => expect(await waiting()).toEqual([]));
		expect(tried).toEqual([['photo-0001', false]]);
	});

	it('is tried until it is through when the line is gone, and asks first whether it arrived', async () => {
		outcomes = [lost, { ok: false, code: 'failed' }, { ok: false, code: 'slow_down' }, arrived];
		await outbox().add(message('photo-0002'));
		await vi.waitFor(() => expect(said).toEqual(['photo-0002']), { timeout: 5_000 });
		expect(tried).toEqual([
			['photo-0002', false],
			['photo-0002', true],
			['photo-0002', true],
			['photo-0002', true],
		]);
	});

	it('outlives its page: the next one takes it up under the same id', async () => {
		outcomes = [new Promise<Outcome>(() => {})];
		const first = outbox();
		await first.add(message('photo-0003'));
		await vi.waitFor(() => expect(tried).toHaveLength(1));
		first.close();
		outcomes = [arrived];
		outbox();
		await vi.waitFor(() => expect(said).toEqual(['photo-0003']));
		expect(tried.at(-1)).toEqual(['photo-0003', true]);
	});

	it('that is refused says why, also on the next page, until it is tried again or given up', async () => {
		outcomes = [{ ok: false, code: 'gps' }];
		const first = outbox();
		await first.add(message('photo-0004'));
		await vi.waitFor(() => expect(first.items).toMatchObject([{ state: 'failed', reason: 'gps' }]));
		first.close();

		const second = outbox();
		await vi.waitFor(() => expect(second.items).toMatchObject([{ state: 'failed', reason: 'gps' }]));
		expect(tried).toHaveLength(1);
		outcomes = [arrived];
		expect(second.retry('photo-0004')).toBe(true);
		await vi.waitFor(() => expect(said).toEqual(['photo-0004']));
		expect(second.retry('photo-elsewhere')).toBe(false);
	});

	it('that is cancelled goes nowhere and leaves nothing', async () => {
		outcomes = [new Promise<Outcome>(() => {})];
		const mine = outbox();
		await mine.add(message('photo-0005'));
		await vi.waitFor(() => expect(mine.items).toHaveLength(1));
		await mine.discard('photo-0005');
		expect(mine.items).toEqual([]);
		expect(await waiting()).toEqual([]);
		expect(said).toEqual([]);
	});

	it('after the friendship has ended says so', async () => {
		open = false;
		const mine = outbox();
		await mine.add(message('photo-0006'));
		await vi.waitFor(() => expect(mine.items).toMatchObject([{ state: 'failed', reason: 'ended' }]));
	});

	it('and was chosen together is said in that order, whichever is through first', async () => {
		const ends: ((outcome: Outcome) => void)[] = [];
		const upload = () => new Promise<Outcome>((done) => ends.push(done));
		outcomes = [upload(), upload(), upload()];
		const mine = outbox();
		for (const id of ['photo-0010', 'photo-0011']) await mine.add({ ...message(id), batch: 'together' });
		await vi.waitFor(() => expect(tried).toHaveLength(2));
		ends[1]?.(arrived);
		await mine.add(message('voice-0001'));
		await vi.waitFor(() => expect(tried).toHaveLength(3));
		ends[2]?.(arrived);
		// What was said apart does not wait.
		await vi.waitFor(() => expect(said).toEqual(['voice-0001']));
		ends[0]?.(arrived);
		await vi.waitFor(() => expect(said).toEqual(['voice-0001', 'photo-0010', 'photo-0011']));
	});

	it.each(['fails', 'is cancelled'])('does not wait for one before it that %s', async (what) => {
		let end: (outcome: Outcome) => void = () => {};
		outcomes = [new Promise<Outcome>((done) => (end = done)), arrived];
		const mine = outbox();
		for (const id of ['photo-0012', 'photo-0013']) await mine.add({ ...message(id), batch: 'together' });
		await vi.waitFor(() => expect(tried).toHaveLength(2));
		expect(said).toEqual([]);
		if (what === 'fails') end({ ok: false, code: 'gps' });
		else await mine.discard('photo-0012');
		await vi.waitFor(() => expect(said).toEqual(['photo-0013']));
	});

	it('goes two at a time', async () => {
		let end: (outcome: Outcome) => void = () => {};
		outcomes = [new Promise<Outcome>((done) => (end = done))];
		const mine = outbox();
		for (const id of ['photo-0007', 'photo-0008', 'photo-0009']) await mine.add(message(id));
		await vi.waitFor(() => expect(tried).toHaveLength(2));
		expect(mine.items.map(({ state }) => state)).toEqual(['uploading', 'uploading', 'waiting']);
		end(arrived);
		await vi.waitFor(() => expect([...said].sort()).toEqual(['photo-0007', 'photo-0008', 'photo-0009']));
	});
});

it('a recording is kept as a message in the same moment as its draft is forgotten', async () => {
	outcomes = [new Promise<Outcome>(() => {})];
	await drafts.begin({ id: 'draft-0001', person: 'ana00000', room, startedAt: 1 });
	await drafts.keep({ draft: 'draft-0001', n: 0, mp3: Uint8Array.of(1), levels: [1], duration: 500 });
	expect(await drafts.leftBehind('ana00000', room)).not.toBeNull();
	await outbox().add(message('draft-0001'), 'draft-0001');
	expect(await waiting()).toHaveLength(1);
	expect(await drafts.leftBehind('ana00000', room)).toBeNull();
});
