import { expect, it } from 'vitest';
import type { Body } from '#lib/chat/message.ts';
import type { Day, Entry } from '#lib/chat/timeline.ts';
import { picturesOf } from './pictures.ts';

let keys = 0;
const entry = (body: Body): Entry => {
	const id = `message-${++keys}`;
	return { key: id, id, seq: keys, at: keys, body, state: 'sent' };
};
const photo = (media: string, caption?: string): Entry =>
	entry({ kind: 'photo', media, width: 4, height: 3, ...(caption ? { caption } : {}) });
const day = (...groups: { mine: boolean; entries: Entry[] }[]): Day =>
	({ key: 'a day', at: 0, groups: groups.map((group, at) => ({ key: `${at}`, at, ...group })) }) as Day;

it('the pictures of a conversation are those of both, oldest first, and nothing else', () => {
	const days = [
		day({ mine: true, entries: [photo('photo-0001'), entry({ kind: 'text', text: 'look' })] }),
		day(
			{ mine: false, entries: [photo('photo-0002', 'The garden'), entry({ kind: 'deleted' })] },
			{ mine: true, entries: [photo('photo-0003')] },
		),
	];
	const sources = new Map([['photo-0003', 'blob:here']]);
	const pictures = picturesOf(days, { room: 'ana_bob', name: 'Bob', sources });
	expect(pictures.map(({ src, alt, caption }) => [src, alt, caption])).toEqual([
		['/media/ana_bob/photo-0001', 'Photo you sent', undefined],
		['/media/ana_bob/photo-0002', 'The garden', 'The garden'],
		['blob:here', 'Photo you sent', undefined],
	]);
});

it('a conversation without pictures has none', () => {
	expect(picturesOf([], { room: 'ana_bob', name: 'Bob' })).toEqual([]);
});
