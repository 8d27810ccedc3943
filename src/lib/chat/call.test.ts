import { describe, expect, it } from 'vitest';
import {
	CALL_TERMS,
	NO_CALL,
	type CallEvent,
	type CallRefusal,
	type EndedCall,
	type RoomCall,
} from './call.ts';
import { step, type Step } from './call-step.ts';

const ana = 'ana00001';
const bob = 'bob00001';
const T = 1_700_000_000_000;

const by = (who: string, device: string, call = 'call-one') => ({ who, device, call });
const ring = (from = by(ana, 'ana-phone'), more: Partial<CallEvent & { type: 'ring' }> = {}): CallEvent => ({
	type: 'ring',
	...from,
	callee: from.who === ana ? bob : ana,
	kind: 'video',
	used: false,
	present: ['ana-phone', 'ana-laptop', 'bob-phone', 'bob-laptop'],
	...more,
});

/** Applies events one second apart and expects each to be obeyed. */
function after(...events: CallEvent[]): RoomCall {
	let room = NO_CALL;
	events.forEach((event, i) => {
		const next = step(room, event, T + i * 1_000);
		expect(next, `event ${i}, ${event.type}`).toMatchObject({ ok: true });
		room = next.room;
	});
	return room;
}

const answered = () => after(ring(), { type: 'answer', ...by(bob, 'bob-phone') });
const ended = () => after(ring(), { type: 'decline', busy: false, ...by(bob, 'bob-phone') });
const LATER = T + 10_000;

function expectRefusal(result: Step, code: CallRefusal, before: RoomCall) {
	expect(result).toEqual({ ok: false, code, room: before, effects: [] });
}

const told = (result: Step) => result.effects.map((effect) => effect.do);
const outcome = (room: RoomCall) => (room.call as EndedCall).outcome;

describe('ringing', () => {
	it('starts a call, tells everybody, opens the entry and sets the deadline (K1, K5)', () => {
		const result = step(NO_CALL, ring(), T);
		expect(result.room).toMatchObject({ revision: 1, deadline: T + 45_000, rings: [{ by: ana, at: T }] });
		expect(result.room.call).toEqual({
			state: 'ringing',
			id: 'call-one',
			kind: 'video',
			caller: ana,
			callee: bob,
			callerDevice: 'ana-phone',
			startedAt: T,
			ringUntil: T + 45_000,
			alerted: false,
		});
		const call = result.room.call;
		expect(result.effects).toEqual([
			{ do: 'announce', call, revision: 1 },
			{ do: 'log', call },
		]);
	});

	it('the same ring again changes nothing and is no refusal (M1)', () => {
		const room = after(ring());
		expect(step(room, ring(), T + 500)).toEqual({ ok: true, room, effects: [] });
		const on = answered();
		expect(step(on, ring(), LATER)).toEqual({ ok: true, room: on, effects: [] });
	});

	it('the same ring again after the end does not ring again (K1)', () => {
		expectRefusal(step(ended(), ring(), LATER), 'id_taken', ended());
		const long = after(
			ring(),
			{ type: 'decline', busy: false, ...by(bob, 'bob-phone') },
			ring(by(bob, 'bob-phone', 'call-two')),
		);
		expectRefusal(step(long, ring(undefined, { used: true }), T + 3_000), 'id_taken', long);
	});

	it('the id of a call cannot be taken over by the other person', () => {
		expectRefusal(step(ended(), ring(by(bob, 'bob-phone')), LATER), 'id_taken', ended());
		expectRefusal(step(after(ring()), ring(by(bob, 'bob-phone')), T + 1), 'id_taken', after(ring()));
	});

	it('a ring under the id of a message is refused', () => {
		expectRefusal(step(NO_CALL, ring(undefined, { used: true }), T), 'id_taken', NO_CALL);
	});

	it('both calling at once is one call, which the second caller has answered (K3)', () => {
		const room = after(ring());
		const result = step(room, ring(by(bob, 'bob-laptop', 'call-bob'), { kind: 'voice' }), T + 20);
		expect(result).toMatchObject({ ok: true });
		expect(result.room.call).toMatchObject({ state: 'answered', id: 'call-one', calleeDevice: 'bob-laptop' });
		expect(told(result)).toEqual(['announce']);
		// and Bob's own ring, sent again, is that call, not a new one
		const again = step(result.room, ring(by(bob, 'bob-laptop', 'call-bob')), T + 40);
		expect(again).toEqual({ ok: true, room: result.room, effects: [] });
		const over = step(result.room, { type: 'hang_up', failed: false, ...by(ana, 'ana-phone') }, T + 5_000);
		expectRefusal(step(over.room, ring(by(bob, 'bob-laptop', 'call-bob')), LATER), 'id_taken', over.room);
	});

	it('a second call in the room is refused while one is on', () => {
		const ringing = after(ring());
		expectRefusal(step(ringing, ring(by(ana, 'ana-laptop', 'call-two')), T + 1), 'in_call', ringing);
		const on = answered();
		expectRefusal(step(on, ring(by(ana, 'ana-laptop', 'call-two')), LATER), 'in_call', on);
		expectRefusal(step(on, ring(by(bob, 'bob-laptop', 'call-two')), LATER), 'in_call', on);
	});

	it('a call whose tab is gone does not keep its person from calling again', () => {
		const present = ['ana-laptop', 'bob-phone'];
		const again = step(after(ring()), ring(by(ana, 'ana-laptop', 'call-two'), { present }), T + 100);
		expect(told(again)).toEqual(['announce', 'log', 'announce', 'log']);
		expect(again.effects[1]).toMatchObject({
			call: { id: 'call-one', state: 'ended', outcome: 'cancelled' },
		});
		expect(again.room.call).toMatchObject({ id: 'call-two', state: 'ringing', callerDevice: 'ana-laptop' });

		const on = step(answered(), ring(by(ana, 'ana-laptop', 'call-two'), { present }), LATER);
		expect(on.effects[1]).toMatchObject({ call: { id: 'call-one', state: 'ended', outcome: 'finished' } });
		expect(on.room.call).toMatchObject({ id: 'call-two', state: 'ringing' });
	});

	it('a tab that has forgotten its call may call again', () => {
		const again = step(answered(), ring(by(bob, 'bob-phone', 'call-two')), LATER);
		expect(again.room.call).toMatchObject({ id: 'call-two', state: 'ringing', caller: bob, callee: ana });
	});

	it('is limited, and answered calls do not count', () => {
		let room = NO_CALL;
		for (let i = 0; i < CALL_TERMS.rings; i++) {
			const id = `call-no-${i}`;
			room = step(room, ring(by(ana, 'ana-phone', id)), T + i * 100).room;
			room = step(room, { type: 'cancel', ...by(ana, 'ana-phone', id) }, T + i * 100 + 50).room;
		}
		const refused = step(room, ring(by(ana, 'ana-phone', 'call-more')), T + 1_000);
		expect(refused).toEqual({ ok: false, code: 'slow_down', retryAfter: 59_000, room, effects: [] });
		expect(step(room, ring(by(bob, 'bob-phone', 'call-more')), T + 1_000).ok).toBe(true);
		expect(step(room, ring(by(ana, 'ana-phone', 'call-more')), T + 60_000).ok).toBe(true);

		room = NO_CALL;
		for (let i = 0; i < 2 * CALL_TERMS.rings; i++) {
			const id = `call-no-${i}`;
			room = step(room, ring(by(ana, 'ana-phone', id)), T + i * 100).room;
			room = step(room, { type: 'answer', ...by(bob, 'bob-phone', id) }, T + i * 100 + 20).room;
			const over = step(
				room,
				{ type: 'hang_up', failed: false, ...by(ana, 'ana-phone', id) },
				T + i * 100 + 50,
			);
			expect(over.ok).toBe(true);
			room = over.room;
		}
	});

	it('a limited call leaves the one that is on alone', () => {
		let room = NO_CALL;
		for (let i = 0; i <= CALL_TERMS.rings - 1; i++) {
			room = step(room, ring(by(ana, 'ana-phone', `call-no-${i}`)), T + i).room;
		}
		expect(step(room, ring(by(ana, 'ana-phone', 'call-more')), T + 50)).toMatchObject({
			ok: false,
			code: 'slow_down',
			room,
			effects: [],
		});
	});

	it('is heard by the caller once some device of the callee rings', () => {
		const room = after(ring());
		const alert = step(room, { type: 'alert', ...by(bob, 'bob-phone') }, T + 1);
		expect(alert.room.call).toMatchObject({ state: 'ringing', alerted: true });
		expect(told(alert)).toEqual(['announce']);
		const again = step(alert.room, { type: 'alert', ...by(bob, 'bob-laptop') }, T + 2);
		expect(again).toEqual({ ok: true, room: alert.room, effects: [] });
		expectRefusal(step(room, { type: 'alert', ...by(ana, 'ana-laptop') }, T + 1), 'not_yours', room);
	});
});

describe('a ringing call ends', () => {
	it.each([
		[
			'declined, by any device of the callee',
			{ type: 'decline', busy: false, ...by(bob, 'bob-laptop') },
			'declined',
		],
		['cancelled, by the caller', { type: 'cancel', ...by(ana, 'ana-phone') }, 'cancelled'],
		[
			'busy, when the callee is in another call',
			{ type: 'decline', busy: true, ...by(bob, 'bob-laptop') },
			'busy',
		],
		['cancelled, when the friendship ends', { type: 'close' }, 'cancelled'],
	] as [string, CallEvent, string][])('as %s (K1)', (_, event, as) => {
		const result = step(after(ring()), event, T + 3_000);
		expect(told(result)).toEqual(['announce', 'log']);
		expect(result.room).toMatchObject({ revision: 2, deadline: null });
		expect(result.room.call).toEqual({
			state: 'ended',
			id: 'call-one',
			kind: 'video',
			caller: ana,
			callee: bob,
			callerDevice: 'ana-phone',
			startedAt: T,
			outcome: as,
			calleeDevice: null,
			endedAt: T + 3_000,
			duration: 0,
		});
	});

	it('missed, when its time has passed, however late the alarm is (K2)', () => {
		const room = after(ring());
		expect(step(room, { type: 'deadline', heard: T }, T + 44_999)).toEqual({ ok: true, room, effects: [] });
		for (const at of [T + 45_000, T + 45_100, T + 24 * 3_600_000]) {
			const missed = step(room, { type: 'deadline', heard: null }, at);
			expect(missed.room.call).toMatchObject({
				state: 'ended',
				outcome: 'missed',
				endedAt: T + 45_000,
				duration: 0,
			});
			expect(told(missed)).toEqual(['announce', 'log']);
		}
	});

	it('missed, before an answer that comes after its time, even when the alarm is late (K1)', () => {
		const late = step(after(ring()), { type: 'answer', ...by(bob, 'bob-phone') }, T + 45_000);
		expect(late).toMatchObject({ ok: false, code: 'wrong_state' });
		expect(outcome(late.room)).toBe('missed');
		expect(told(late)).toEqual(['announce', 'log']);
		// a new call at that moment finds the line free
		const next = step(after(ring()), ring(by(bob, 'bob-phone', 'call-two')), T + 45_000);
		expect(next.ok).toBe(true);
		expect(
			next.effects.map((e) => 'call' in e && typeof e.call === 'object' && [e.call.id, e.call.state]),
		).toEqual([
			['call-one', 'ended'],
			['call-one', 'ended'],
			['call-two', 'ringing'],
			['call-two', 'ringing'],
		]);
	});

	it('with the times of the configuration', () => {
		const room = step(NO_CALL, ring(), T, { ...CALL_TERMS, ringFor: 2_000 }).room;
		expect(room.deadline).toBe(T + 2_000);
		expect(outcome(step(room, { type: 'deadline', heard: null }, T + 2_000).room)).toBe('missed');
	});
});

describe('answering', () => {
	it('gives the call to the first device and sets the deadline for silence (K2)', () => {
		const result = step(after(ring()), { type: 'answer', ...by(bob, 'bob-phone') }, T + 4_000);
		expect(result.room).toMatchObject({ deadline: T + 34_000, heardAt: T + 4_000, rings: [] });
		expect(result.room.call).toEqual({
			state: 'answered',
			id: 'call-one',
			kind: 'video',
			caller: ana,
			callee: bob,
			callerDevice: 'ana-phone',
			startedAt: T,
			calleeDevice: 'bob-phone',
			answeredAt: T + 4_000,
			ready: false,
		});
		expect(told(result)).toEqual(['announce']);
	});

	it('on a second device is refused: answered elsewhere (K2)', () => {
		expectRefusal(
			step(answered(), { type: 'answer', ...by(bob, 'bob-laptop') }, LATER),
			'wrong_state',
			answered(),
		);
	});

	it('again on the same device changes nothing', () => {
		const room = answered();
		expect(step(room, { type: 'answer', ...by(bob, 'bob-phone') }, LATER)).toEqual({
			ok: true,
			room,
			effects: [],
		});
	});

	it('one’s own call is refused', () => {
		const room = after(ring());
		expectRefusal(step(room, { type: 'answer', ...by(ana, 'ana-laptop') }, T + 1), 'not_yours', room);
	});

	it('is followed by ready, from the answering device alone, once (K2b)', () => {
		const room = answered();
		expectRefusal(step(room, { type: 'ready', ...by(bob, 'bob-laptop') }, LATER), 'not_yours', room);
		expectRefusal(step(room, { type: 'ready', ...by(ana, 'ana-phone') }, LATER), 'not_yours', room);
		const ready = step(room, { type: 'ready', ...by(bob, 'bob-phone') }, LATER);
		expect(ready.room.call).toMatchObject({ state: 'answered', ready: true });
		expect(told(ready)).toEqual(['announce']);
		expect(step(ready.room, { type: 'ready', ...by(bob, 'bob-phone') }, LATER).effects).toEqual([]);
	});
});

describe('in the call', () => {
	const signal = { is: 'again' };

	it('signals go to the other device, from either side, and change nothing', () => {
		const room = answered();
		expect(step(room, { type: 'signal', to: 'bob-phone', signal, ...by(ana, 'ana-phone') }, LATER)).toEqual({
			ok: true,
			room,
			effects: [
				{ do: 'relay', person: bob, device: 'bob-phone', from: 'ana-phone', call: 'call-one', signal },
			],
		});
		expect(
			step(room, { type: 'signal', to: 'ana-phone', signal, ...by(bob, 'bob-phone') }, LATER).effects,
		).toEqual([
			{ do: 'relay', person: ana, device: 'ana-phone', from: 'bob-phone', call: 'call-one', signal },
		]);
	});

	it.each([
		['from a device that is not in the call', by(bob, 'bob-laptop'), 'ana-phone'],
		['to a device that is not in the call', by(ana, 'ana-phone'), 'bob-laptop'],
		['to oneself', by(ana, 'ana-phone'), 'ana-phone'],
		['from somebody who says the other’s device', by(bob, 'ana-phone'), 'bob-phone'],
	])('signals %s are refused', (_, from, to) => {
		expectRefusal(step(answered(), { type: 'signal', to, signal, ...from }, LATER), 'not_yours', answered());
	});

	it('credentials go to the devices in the call alone', () => {
		const room = answered();
		expect(step(room, { type: 'credentials', ...by(ana, 'ana-phone') }, LATER)).toEqual({
			ok: true,
			room,
			effects: [{ do: 'credentials', person: ana, device: 'ana-phone', call: 'call-one' }],
		});
		expectRefusal(step(room, { type: 'credentials', ...by(ana, 'ana-laptop') }, LATER), 'not_yours', room);
	});
});

describe('an answered call ends', () => {
	it.each([
		['the caller hangs up', { type: 'hang_up', failed: false, ...by(ana, 'ana-phone') }, 'finished'],
		['the callee hangs up', { type: 'hang_up', failed: false, ...by(bob, 'bob-phone') }, 'finished'],
		[
			'the two never reached each other',
			{ type: 'hang_up', failed: true, ...by(bob, 'bob-phone') },
			'failed',
		],
		['the friendship ends', { type: 'close' }, 'finished'],
	] as [string, CallEvent, string][])('when %s, with the time talked (K4, K5)', (_, event, as) => {
		const result = step(answered(), event, T + 43_000);
		expect(told(result)).toEqual(['announce', 'log']);
		expect(result.room.deadline).toBeNull();
		expect(result.room.call).toMatchObject({
			state: 'ended',
			outcome: as,
			calleeDevice: 'bob-phone',
			endedAt: T + 43_000,
			duration: 42_000,
		});
	});

	it('not by a device that is not in it', () => {
		const hangUp = (who: string, device: string) =>
			step(answered(), { type: 'hang_up', failed: false, ...by(who, device) }, LATER);
		expectRefusal(hangUp(bob, 'bob-laptop'), 'not_yours', answered());
		expectRefusal(hangUp(ana, 'ana-laptop'), 'not_yours', answered());
	});

	it('when both sides are unheard for 30 s, at the time they were last heard (K4)', () => {
		const room = answered(); // at T + 1 s
		const early = step(room, { type: 'deadline', heard: null }, T + 30_999);
		expect(early).toEqual({ ok: true, room, effects: [] });
		const heard = step(room, { type: 'deadline', heard: T + 20_000 }, T + 31_000);
		expect(heard).toEqual({
			ok: true,
			room: { ...room, heardAt: T + 20_000, deadline: T + 50_000 },
			effects: [],
		});
		const silent = step(heard.room, { type: 'deadline', heard: null }, T + 50_000);
		expect(silent.room.call).toMatchObject({
			state: 'ended',
			outcome: 'finished',
			endedAt: T + 20_000,
			duration: 19_000,
		});
	});

	it('not because the server was away: it listens once more (K4)', () => {
		const back = step(answered(), { type: 'deadline', heard: null }, T + 600_000);
		expect(back).toMatchObject({ ok: true, effects: [], room: { deadline: T + 630_000 } });
		const silent = step(back.room, { type: 'deadline', heard: null }, T + 630_000);
		expect(outcome(silent.room)).toBe('finished');
		expect((silent.room.call as EndedCall).duration).toBe(0);
	});
});

describe('every event in a state that is not for it is refused and changes nothing (K1)', () => {
	const from = by(bob, 'bob-phone');
	const caller = by(ana, 'ana-phone');
	const events: Record<string, CallEvent> = {
		alert: { type: 'alert', ...from },
		answer: { type: 'answer', ...from },
		ready: { type: 'ready', ...from },
		decline: { type: 'decline', busy: false, ...from },
		cancel: { type: 'cancel', ...caller },
		busy: { type: 'decline', busy: true, ...from },
		hang_up: { type: 'hang_up', failed: false, ...caller },
		signal: { type: 'signal', to: 'bob-phone', signal: {}, ...caller },
		credentials: { type: 'credentials', ...caller },
	};
	const allowed: Record<string, string[]> = {
		none: [],
		ringing: ['alert', 'answer', 'decline', 'cancel', 'busy'],
		answered: ['answer', 'ready', 'hang_up', 'signal', 'credentials'],
		ended: [],
	};
	const rooms: Record<string, () => RoomCall> = {
		none: () => NO_CALL,
		ringing: () => after(ring()),
		answered,
		ended,
	};

	for (const [state, room] of Object.entries(rooms)) {
		for (const [name, event] of Object.entries(events)) {
			if (allowed[state]?.includes(name)) {
				it(`${name} while ${state} is obeyed`, () => expect(step(room(), event, LATER).ok).toBe(true));
				it(`${name} while ${state} is refused for another call`, () => {
					expectRefusal(step(room(), { ...event, call: 'call-old' } as CallEvent, LATER), 'no_call', room());
				});
			} else {
				it(`${name} while ${state} is refused`, () => {
					expectRefusal(step(room(), event, LATER), state === 'none' ? 'no_call' : 'wrong_state', room());
				});
			}
		}
	}

	it('decline by the caller and cancel by the callee are refused', () => {
		const room = after(ring());
		expectRefusal(step(room, { type: 'decline', busy: false, ...caller }, LATER), 'not_yours', room);
		expectRefusal(step(room, { type: 'cancel', ...from }, LATER), 'not_yours', room);
	});

	it('a device whose session ended takes its call with it, and no other device’s (D4)', () => {
		const bar = (who: string, device: string): CallEvent => ({ type: 'bar', who, device });
		expect(outcome(step(after(ring()), bar(ana, 'ana-phone'), LATER).room)).toBe('cancelled');
		expect(outcome(step(answered(), bar(bob, 'bob-phone'), LATER).room)).toBe('finished');
		expect(outcome(step(answered(), bar(ana, 'ana-phone'), LATER).room)).toBe('finished');
		// A device that only rings, one that is not in the call, and one of the same name of the other person.
		for (const [room, event] of [
			[after(ring()), bar(bob, 'bob-phone')],
			[answered(), bar(bob, 'bob-laptop')],
			[answered(), bar(ana, 'bob-phone')],
			[ended(), bar(ana, 'ana-phone')],
			[NO_CALL, bar(ana, 'ana-phone')],
		] as const)
			expect(step(room, event, LATER)).toEqual({ ok: true, room, effects: [] });
	});

	it('an alarm or the end of the friendship without a live call does nothing', () => {
		for (const room of [NO_CALL, ended()]) {
			expect(step(room, { type: 'deadline', heard: null }, LATER + 99_000)).toEqual({
				ok: true,
				room,
				effects: [],
			});
			expect(step(room, { type: 'close' }, LATER)).toEqual({ ok: true, room, effects: [] });
		}
	});
});
