import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
	encodeInbox,
	INBOX_FRAME_MAX_BYTES,
	parseInboxClientFrame,
	parseInboxServerFrame,
	type InboxClientFrame,
} from './inbox-protocol.ts';

const room = 'ana00000_bob00000';

it('reads what a tab may say', () => {
	const frames: InboxClientFrame[] = [
		{ type: 'hello', active: true, idle: 0 },
		{ type: 'activity', active: false, idle: 300_000 },
		{ type: 'delivered', rooms: [[room, 7]] },
	];
	for (const frame of frames) expect(parseInboxClientFrame(encodeInbox(frame))).toEqual({ ok: true, frame });
});

it('D5: refuses everything else with the reason', () => {
	const cases: [string | ArrayBuffer, string][] = [
		['', 'malformed'],
		['{', 'malformed'],
		['null', 'malformed'],
		['[]', 'malformed'],
		[new ArrayBuffer(4), 'malformed'],
		['{"type":"shout"}', 'unknown_frame'],
		['{"type":7}', 'malformed'],
		['{"type":"hello"}', 'malformed'],
		['{"type":"hello","active":1,"idle":0}', 'malformed'],
		['{"type":"activity","active":true,"idle":-1}', 'malformed'],
		['{"type":"activity","active":true,"idle":1e300}', 'malformed'],
		['{"type":"delivered","rooms":[]}', 'malformed'],
		['{"type":"delivered","rooms":[["bob00000_ana00000",1]]}', 'malformed'],
		[JSON.stringify({ type: 'delivered', rooms: Array.from({ length: 51 }, () => [room, 1]) }), 'malformed'],
		[' '.repeat(INBOX_FRAME_MAX_BYTES + 1), 'too_big'],
	];
	for (const [data, code] of cases) expect(parseInboxClientFrame(data)).toEqual({ ok: false, code });
});

it('D5: a full `delivered` frame fits', () => {
	const longest = `${'a'.repeat(32)}_${'b'.repeat(32)}`;
	const rooms = Array.from({ length: 50 }, (): [string, number] => [longest, 1_000_000]);
	expect(parseInboxClientFrame(encodeInbox({ type: 'delivered', rooms })).ok).toBe(true);
});

it('D5: never throws, whatever comes', () => {
	fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (data) => void parseInboxClientFrame(data)));
	fc.assert(fc.property(fc.anything(), (data) => void parseInboxServerFrame(data)));
});

it('a client passes over what a newer server says', () => {
	expect(parseInboxServerFrame('{"type":"weather","sun":true}')).toBeNull();
	expect(parseInboxServerFrame('{"type":"unseen","unseen":3,"more":1}')).toEqual({
		type: 'unseen',
		unseen: 3,
	});
});
