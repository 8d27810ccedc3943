import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { callClientFrames, callServerFrames } from './call-frames.ts';
import { NO_CALL } from './call.ts';
import { step } from './call-step.ts';

const client = v.variant('type', [...callClientFrames]);
const server = v.variant('type', [...callServerFrames]);

describe('frames of a call', () => {
	it.each([
		{ type: 'ring', call: 'call-0001', kind: 'video' },
		{ type: 'alert', call: 'call-0001' },
		{ type: 'hang_up', call: 'call-0001', failed: true },
		{
			type: 'signal',
			call: 'call-0001',
			to: 'device-1',
			signal: { is: 'description', type: 'offer', sdp: 'v=0' },
		},
		{
			type: 'signal',
			call: 'call-0001',
			to: 'device-1',
			signal: { is: 'candidate', candidate: '', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null },
		},
		{ type: 'signal', call: 'call-0001', to: 'device-1', signal: { is: 'again' } },
		{ type: 'credentials', call: 'call-0001' },
	])('understands $type', (frame) => {
		expect(v.parse(client, frame)).toEqual(frame);
	});

	it('never believes a speaker in a frame (D3)', () => {
		const frame = {
			type: 'answer',
			call: 'call-0001',
			who: 'bob00001',
			device: 'bob-phone',
			from: 'bob00001',
		};
		expect(v.parse(client, frame)).toEqual({ type: 'answer', call: 'call-0001' });
	});

	it.each([
		{ type: 'ring', call: 'call-0001' },
		{ type: 'ring', call: 'no', kind: 'video' },
		{ type: 'ring', call: 'call-0001', kind: 'hologram' },
		{ type: 'hang_up', call: 'call-0001', failed: 'yes' },
		{
			type: 'signal',
			call: 'call-0001',
			to: 'device-1',
			signal: { is: 'description', type: 'rollback', sdp: '' },
		},
		{ type: 'signal', call: 'call-0001', to: '../..', signal: { is: 'again' } },
		{ type: 'signal', call: 'call-0001', to: 'device-1', signal: null },
	])('does not understand %j', (frame) => {
		expect(v.safeParse(client, frame).success).toBe(false);
	});

	it('carries every state of a call', () => {
		const from = { who: 'ana00001', device: 'ana-phone', call: 'call-0001' };
		const to = { who: 'bob00001', device: 'bob-phone', call: 'call-0001' };
		let room = step(
			NO_CALL,
			{ type: 'ring', ...from, callee: 'bob00001', kind: 'voice', used: false, present: [] },
			1,
		).room;
		const states = [NO_CALL, room];
		states.push((room = step(room, { type: 'answer', ...to }, 2).room));
		states.push((room = step(room, { type: 'hang_up', failed: false, ...from }, 3).room));
		for (const { call, revision } of states) {
			const frame = { type: 'call' as const, revision, now: 5, call };
			expect(v.parse(server, frame)).toEqual(frame);
		}
	});
});
