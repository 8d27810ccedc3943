import { env } from 'cloudflare:workers';
import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { PEAKS, UNUSED_MEDIA_LIFE_MS, UNUSED_MEDIA_MAX, type Announced } from '#lib/chat/media.ts';
import type { SendableBody } from '#lib/chat/message.ts';
import type { Env } from '../env.ts';
import { mediaKey } from '../media/bucket.ts';
import { inStore, join, newFriends, newPair, text } from '../testing.ts';
import { obey, type Asker, type Effect } from './room.ts';
import * as media from './room-media.ts';
import type { RoomStore } from './room-store.ts';

const ana: Asker = { person: 'ana00000', friend: 'bob00000' };
const bob: Asker = { person: 'bob00000', friend: 'ana00000' };
const NOW = 1_700_000_000_000;
const DAY = UNUSED_MEDIA_LIFE_MS;

const photo = (id: string): Announced => ({ id, kind: 'photo', type: 'image/webp', size: 1000 });
const voice = (id: string): Announced => ({ id, kind: 'voice', type: 'audio/mpeg', size: 1000 });
const picture = (id: string): SendableBody => ({ kind: 'photo', media: id, width: 4, height: 3 });
const spoken = (id: string): SendableBody => ({
	kind: 'voice',
	media: id,
	duration: 900,
	peaks: Array.from({ length: PEAKS }, () => 50),
});

function store(held: RoomStore, who: Asker, announced: Announced, now = NOW): void {
	expect(media.reserve(held, who.person, announced, now)).toEqual({ ok: true, stored: false });
	expect(media.stored(held, who.person, announced.id)).toBe(true);
}
const send = (held: RoomStore, who: Asker, id: string, body: SendableBody) =>
	obey(held, { type: 'send', id, body }, who, NOW);
const outcome = ([effect]: Effect[]): string =>
	effect?.do === 'tell'
		? effect.frame.type === 'refused'
			? effect.frame.code
			: effect.frame.type
		: 'nothing';

describe('referring to uploads', () => {
	it('a message may refer to an upload of its speaker, once', () =>
		inStore((held) => {
			store(held, ana, photo('picture-1'));
			expect(outcome(send(held, ana, 'message-1', picture('picture-1')))).toBe('message');
			expect(outcome(send(held, ana, 'message-2', picture('picture-1')))).toBe('unknown_media');
		}));

	it('M1: the same message again is the same message', () =>
		inStore((held) => {
			store(held, ana, photo('picture-1'));
			const first = send(held, ana, 'message-1', picture('picture-1'));
			const again = send(held, ana, 'message-1', picture('picture-1'));
			expect(again).toEqual(first.map((effect) => ({ ...effect, whom: 'asker' })));
			expect(outcome(send(held, ana, 'message-1', picture('picture-2')))).toBe('id_taken');
		}));

	it('nobody refers to what is not there, not in yet, of another kind, or of the other person', () =>
		inStore((held) => {
			store(held, bob, photo('of-bob-1'));
			store(held, ana, voice('voice-01'));
			media.reserve(held, ana.person, photo('on-its-way'), NOW);
			for (const id of ['nowhere-1', 'of-bob-1', 'voice-01', 'on-its-way'])
				expect(outcome(send(held, ana, `about-${id}`, picture(id))), id).toBe('unknown_media');
			expect(held.last()).toBe(0);
		}));

	it('a clip needs its poster too', () =>
		inStore((held) => {
			const clip = {
				kind: 'clip',
				media: 'a-clip-01',
				poster: 'poster-1',
				width: 4,
				height: 3,
				duration: 9,
			} as const;
			store(held, ana, { id: 'a-clip-01', kind: 'clip', type: 'video/mp4', size: 5 });
			expect(outcome(send(held, ana, 'message-1', clip))).toBe('unknown_media');
			store(held, ana, photo('poster-1'));
			expect(outcome(send(held, ana, 'message-1', clip))).toBe('message');
		}));
});

describe('reserving', () => {
	it('is the same upload under the same id, and nothing else is', () =>
		inStore((held) => {
			store(held, ana, photo('picture-1'));
			expect(media.reserve(held, ana.person, photo('picture-1'), NOW)).toEqual({ ok: true, stored: true });
			const taken = { ok: false, code: 'id_taken' };
			expect(media.reserve(held, bob.person, photo('picture-1'), NOW)).toEqual(taken);
			expect(media.reserve(held, ana.person, { ...photo('picture-1'), size: 7 }, NOW)).toEqual(taken);
			expect(media.reserve(held, ana.person, voice('picture-1'), NOW)).toEqual(taken);
		}));

	it('is for friends, and has an end', () =>
		inStore((held) => {
			for (let n = 0; n < UNUSED_MEDIA_MAX; n++) media.reserve(held, ana.person, photo(`picture-${n}`), NOW);
			expect(media.reserve(held, ana.person, photo('one-more-1'), NOW)).toEqual({
				ok: false,
				code: 'too_many',
			});
			expect(media.reserve(held, bob.person, photo('one-more-1'), NOW).ok).toBe(true);
			held.setStatus({ open: false, epoch: 2 });
			expect(media.reserve(held, bob.person, photo('one-more-2'), NOW)).toEqual({ ok: false, code: 'ended' });
		}));
});

describe('deleting', () => {
	it('M7: the bytes go with the message, at once and once more, and the id is never used again', () =>
		inStore((held) => {
			store(held, ana, photo('picture-1'));
			send(held, ana, 'message-1', picture('picture-1'));
			expect(media.due(held, NOW)).toEqual([]);
			const effects = obey(held, { type: 'delete', id: 'message-1' }, ana, NOW);
			expect(effects.at(-1)).toEqual({ do: 'erase' });
			expect(media.nextDue(held)).toBe(NOW);
			expect(media.due(held, NOW)).toEqual(['picture-1']);
			media.deleted(held, ['picture-1'], NOW);
			expect(media.due(held, NOW)).toEqual([]);
			const later = media.nextDue(held) ?? 0;
			expect(media.due(held, later)).toEqual(['picture-1']);
			media.deleted(held, ['picture-1'], later);
			expect(media.nextDue(held)).toBeNull();
			expect(media.reserve(held, ana.person, photo('picture-1'), NOW)).toEqual({ ok: false, code: 'gone' });
			expect(media.stored(held, ana.person, 'picture-1')).toBe(false);
		}));

	it('what no message uses within a day goes; what one uses stays', () =>
		inStore((held) => {
			store(held, ana, photo('used-photo'));
			send(held, ana, 'message-1', picture('used-photo'));
			store(held, ana, photo('unused-photo'));
			media.reserve(held, ana.person, voice('broken-off'), NOW);
			expect(media.due(held, NOW + DAY - 1)).toEqual([]);
			expect(media.due(held, NOW + DAY + 1).sort()).toEqual(['broken-off', 'unused-photo']);
			expect(outcome(send(held, ana, 'message-2', picture('unused-photo')))).toBe('unknown_media');
			// An outbox that comes later sends it again under the same id.
			expect(media.reserve(held, ana.person, photo('unused-photo'), NOW + DAY + 2).ok).toBe(true);
			expect(media.due(held, NOW + DAY + 3)).toEqual(['broken-off']);
		}));

	it('an upload that broke off goes within the hour, and may be tried again before', () =>
		inStore((held) => {
			media.reserve(held, ana.person, voice('broken-off'), NOW);
			media.release(held, ana.person, 'broken-off', NOW);
			expect(media.due(held, NOW + 60_000)).toEqual([]);
			expect(media.due(held, NOW + 61 * 60_000)).toEqual(['broken-off']);
			media.reserve(held, ana.person, voice('tried-again'), NOW);
			media.release(held, ana.person, 'tried-again', NOW);
			media.reserve(held, ana.person, voice('tried-again'), NOW + 1000);
			expect(media.due(held, NOW + 61 * 60_000)).not.toContain('tried-again');
		}));
});

describe('looking at uploads', () => {
	it('is possible from when they are in until their message is deleted', () =>
		inStore((held) => {
			expect(media.has(held, 'picture-1')).toBe(false);
			media.reserve(held, ana.person, photo('picture-1'), NOW);
			expect(media.has(held, 'picture-1')).toBe(false);
			media.stored(held, ana.person, 'picture-1');
			expect(media.has(held, 'picture-1')).toBe(true);
			send(held, ana, 'message-1', picture('picture-1'));
			expect(media.has(held, 'picture-1')).toBe(true);
			obey(held, { type: 'delete', id: 'message-1' }, ana, NOW);
			expect(media.has(held, 'picture-1')).toBe(false);
		}));

	it('ends when no message has used them within a day', () =>
		inStore((held) => {
			store(held, ana, photo('picture-1'));
			media.due(held, NOW + DAY + 1);
			expect(media.has(held, 'picture-1')).toBe(false);
		}));
});

describe('R4: heard', () => {
	it('is said by whom it was sent to, once, and is a change like any other', () =>
		inStore((held) => {
			store(held, ana, voice('voice-01'));
			send(held, ana, 'message-1', spoken('voice-01'));
			expect(outcome(obey(held, { type: 'heard', id: 'message-1' }, ana, NOW))).toBe('unknown_message');
			const [told] = obey(held, { type: 'heard', id: 'message-1' }, bob, NOW);
			expect(told).toMatchObject({
				whom: 'everybody',
				frame: { type: 'changed', revision: 1, message: { body: { heard: true } } },
			});
			const [again] = obey(held, { type: 'heard', id: 'message-1' }, bob, NOW);
			expect(again).toMatchObject({ whom: 'asker', frame: { revision: 1 } });
			expect(outcome(send(held, ana, 'message-1', spoken('voice-01')))).toBe('message');
		}));

	it('is not said of a text, nor of what is not there', () =>
		inStore((held) => {
			send(held, ana, 'message-1', text('hi'));
			for (const id of ['message-1', 'message-2'])
				expect(outcome(obey(held, { type: 'heard', id }, bob, NOW))).toBe('unknown_message');
		}));
});

describe('a room and its bucket', () => {
	it('deleting a message deletes its bytes', async () => {
		const { ana, room } = await newFriends();
		const stub = env.ROOMS.getByName(room);
		const announced = photo('picture-1');
		expect(await stub.reserveMedia(ana, announced)).toEqual({ ok: true, stored: false });
		await env.MEDIA.put(mediaKey(room, 'picture-1'), 'bytes');
		expect(await stub.mediaStored(ana, 'picture-1')).toBe(true);
		const tab = await join(room, ana);
		tab.say({ type: 'send', id: 'message-1', body: picture('picture-1') });
		expect(await tab.next()).toMatchObject({ type: 'message', message: { body: { kind: 'photo' } } });
		expect(await env.MEDIA.head(mediaKey(room, 'picture-1'))).not.toBeNull();
		tab.say({ type: 'delete', id: 'message-1' });
		expect(await tab.next()).toMatchObject({ type: 'changed', message: { body: { kind: 'deleted' } } });
		await runDurableObjectAlarm(stub);
		await expect.poll(() => env.MEDIA.head(mediaKey(room, 'picture-1')), { timeout: 5000 }).toBeNull();
	});

	it('what R2 does not delete is out of reach at once, and deleted by the next alarm', async () => {
		const { ana, bob, room } = await newFriends();
		const stub = env.ROOMS.getByName(room);
		const key = mediaKey(room, 'picture-1');
		await stub.reserveMedia(ana, photo('picture-1'));
		await env.MEDIA.put(key, 'bytes');
		await stub.mediaStored(ana, 'picture-1');
		expect(await stub.send(ana, 'message-1', picture('picture-1'))).toMatchObject({ ok: true });
		expect(await stub.hasMedia(bob, 'picture-1')).toBe(true);

		const tried: string[][] = [];
		const mend = await runInDurableObject(stub, (room) => {
			const held = room as unknown as { env: Env };
			const whole = held.env;
			held.env = {
				...whole,
				MEDIA: {
					delete: async (keys: string[]) => {
						tried.push(keys);
						throw new Error('delete: We encountered an internal error. Please try again. (10001)');
					},
				} as unknown as R2Bucket,
			};
			return () => runInDurableObject(stub, () => void (held.env = whole));
		});
		expect(await stub.remove(ana, 'message-1')).toMatchObject({ ok: true });
		for (const person of [ana, bob]) expect(await stub.hasMedia(person, 'picture-1')).toBe(false);
		await runDurableObjectAlarm(stub);
		await expect.poll(() => tried).toEqual([[key]]);
		expect(await env.MEDIA.head(key)).not.toBeNull();

		await mend();
		await runInDurableObject(stub, (_, { storage }) => {
			const [job] = storage.sql.exec("SELECT due FROM alarms WHERE what = 'media'").toArray();
			expect(Number(job?.due) - Date.now()).toBeLessThan(60_000);
			storage.sql.exec("UPDATE alarms SET due = 0 WHERE what = 'media'");
		});
		await runDurableObjectAlarm(stub);
		await expect.poll(() => env.MEDIA.head(key), { timeout: 5000 }).toBeNull();
	});

	it('what no message has used in a day is deleted by the alarm', async () => {
		const { ana, bob, room } = await newFriends();
		const stub = env.ROOMS.getByName(room);
		for (const id of ['unused-photo', 'used-photo']) {
			await stub.reserveMedia(ana, photo(id));
			await env.MEDIA.put(mediaKey(room, id), 'bytes');
			await stub.mediaStored(ana, id);
		}
		expect(await stub.send(ana, 'message-1', picture('used-photo'))).toMatchObject({ ok: true });
		await runInDurableObject(stub, async (_, { storage }) => {
			const due = await storage.getAlarm();
			expect(due && due <= Date.now() + DAY + 1000).toBe(true);
			storage.sql.exec('UPDATE media SET at = at - ?', DAY + 2);
			storage.sql.exec("UPDATE alarms SET due = 0 WHERE what = 'media'");
		});
		await runDurableObjectAlarm(stub);
		await expect.poll(() => env.MEDIA.head(mediaKey(room, 'unused-photo')), { timeout: 5000 }).toBeNull();
		expect(await env.MEDIA.head(mediaKey(room, 'used-photo'))).not.toBeNull();
		expect(await stub.hasMedia(bob, 'unused-photo')).toBe(false);
		expect(await stub.hasMedia(bob, 'used-photo')).toBe(true);
	});

	it('only its two members are told what is in it', async () => {
		const { ana, room } = await newFriends();
		const stub = env.ROOMS.getByName(room);
		await stub.reserveMedia(ana, photo('picture-1'));
		await stub.mediaStored(ana, 'picture-1');
		expect(await stub.hasMedia(ana, 'picture-1')).toBe(true);
		await expect(Promise.resolve(stub.hasMedia('eve00000', 'picture-1'))).rejects.toThrow();
	});

	it('a room that never was takes nothing, and has nothing to say', async () => {
		const { ana, room } = newPair();
		const stub = env.ROOMS.getByName(room);
		expect(await stub.reserveMedia(ana, photo('picture-1')).catch(() => 'no database')).not.toEqual({
			ok: true,
		});
		await runInDurableObject(stub, (_, { storage }) => {
			expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'media'").toArray()).toEqual([]);
		});
	});
});
