import * as v from 'valibot';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { call as wireCall } from './call-frames.ts';
import { CALL_TERMS, NO_CALL, deviceOf, isLive, type Call, type CallEvent, type RoomCall } from './call.ts';
import { step } from './call-step.ts';

/**
 * Random events from two people with two devices each and a server that restarts (K1–K5). Devices are modelled as far
 * as it matters here: they ring or not, know what they were told, and have a hard timer of their own.
 */
const PEOPLE = ['ana00001', 'bob00001'] as const;
const DEVICES = ['ana-phone', 'ana-laptop', 'bob-phone', 'bob-laptop'] as const;
const ownerOf = (device: string) => PEOPLE[device.startsWith('ana') ? 0 : 1];
const otherThan = (who: string) => PEOPLE[who === PEOPLE[0] ? 1 : 0];

/** What a device's own timer adds to the ringing it was told of. */
const PATIENCE = 3_000;

class Device {
	connected = true;
	revision = 0;
	known: Call | null = null;
	ringing = false;
	readonly name: string;
	constructor(name: string) {
		this.name = name;
	}
	told(call: Call | null, revision: number) {
		if (revision < this.revision) return;
		this.revision = revision;
		this.known = call;
		this.ringing = call?.state === 'ringing' && call.callee === ownerOf(this.name);
	}
	tick(now: number) {
		if (this.known?.state === 'ringing' && now >= this.known.ringUntil + PATIENCE) this.ringing = false;
	}
}

class World {
	now = 1_700_000_000_000;
	room: RoomCall = NO_CALL;
	devices = DEVICES.map((name) => new Device(name));
	/** The log as entries by id, and how often each was ended. */
	log = new Map<string, { call: Call; ends: number }>();
	made = 0;
	serverUp = true;

	device(name: string) {
		return this.devices.find((device) => device.name === name)!;
	}

	apply(event: CallEvent) {
		const before = this.room;
		const result = step(before, event, this.now);
		this.room = result.room;

		for (const effect of result.effects) {
			if (effect.do === 'announce') {
				v.parse(wireCall, effect.call);
				for (const device of this.devices) if (device.connected) device.told(effect.call, effect.revision);
			} else if (effect.do === 'log') {
				const entry = this.log.get(effect.call.id);
				expect(entry?.ends ?? 0, 'an entry never changes after its call ended').toBe(0);
				expect(entry === undefined, 'the first thing an entry says is that it rings').toBe(
					effect.call.state === 'ringing',
				);
				this.log.set(effect.call.id, { call: effect.call, ends: effect.call.state === 'ended' ? 1 : 0 });
			} else {
				const call = this.room.call;
				if (!isLive(call) || call.state !== 'answered')
					throw new Error(`${effect.do} without an answered call`);
				expect(effect.device).toBe(deviceOf(call, effect.person));
				if (effect.do === 'relay') expect(effect.from).toBe(deviceOf(call, otherThan(effect.person)));
			}
		}
		const announced = result.effects.flatMap((effect) => (effect.do === 'announce' ? [effect.revision] : []));
		expect(announced).toEqual(announced.map((_, i) => before.revision + 1 + i));
		expect(this.room.revision).toBe(before.revision + announced.length);
		if (!result.ok && result.effects.length === 0) expect(this.room).toEqual(before);

		const [was, is] = [before.call, this.room.call];
		if (was?.state === 'answered' && is?.state === 'answered' && was.id === is.id) {
			expect(is.calleeDevice, 'the first device to answer keeps the call').toBe(was.calleeDevice);
		}
		this.check();
	}

	check() {
		const live = [...this.log.values()].filter((entry) => entry.ends === 0);
		expect(live.length, 'never two live calls in a room').toBeLessThanOrEqual(1);
		expect(live[0]?.call.id).toBe(isLive(this.room.call) ? this.room.call.id : undefined);
		expect(this.room.deadline === null, 'a live call has a deadline').toBe(!isLive(this.room.call));
		expect(this.room.rings.length).toBeLessThanOrEqual(2 * CALL_TERMS.rings);
		for (const device of this.devices) {
			device.tick(this.now);
			const { call } = this.room;
			if (!device.ringing) continue;
			if (device.connected)
				expect(call, `${device.name} rings`).toMatchObject({ state: 'ringing', id: device.known?.id });
			else expect(this.now).toBeLessThan((device.known as Call & { state: 'ringing' }).ringUntil + PATIENCE);
		}
		if (call(this.room)?.state === 'ended') {
			const ended = this.room.call as Call & { state: 'ended' };
			expect(ended.duration).toBeGreaterThanOrEqual(0);
			expect(ended.endedAt).toBeLessThanOrEqual(this.now);
			expect(ended.duration > 0 && ended.calleeDevice === null).toBe(false);
		}
	}

	/** Time passes; the alarm goes off at its time when the server is up. */
	pass(ms: number) {
		const until = this.now + ms;
		while (this.serverUp && this.room.deadline !== null && this.room.deadline <= until) {
			this.now = Math.max(this.now, this.room.deadline);
			this.alarm();
		}
		this.now = until;
		this.check();
	}

	alarm() {
		const { call } = this.room;
		const inCall = isLive(call) ? PEOPLE.map((who) => deviceOf(call, who)) : [];
		const heard = this.devices.some((device) => device.connected && inCall.includes(device.name));
		this.apply({ type: 'deadline', heard: heard ? this.now - 1_000 : null });
	}

	connect(device: Device) {
		if (!this.serverUp) return;
		device.connected = true;
		device.told(this.room.call, this.room.revision);
		this.check();
	}

	drop(device: Device) {
		device.connected = false;
	}

	/** Memory and sockets are gone; what was written down is there. */
	restart(away: number) {
		for (const device of this.devices) this.drop(device);
		this.serverUp = false;
		this.pass(away);
		this.room = JSON.parse(JSON.stringify(this.room)) as RoomCall;
		this.serverUp = true;
		this.pass(0);
	}
}

const call = (room: RoomCall) => room.call;

const device = fc.nat({ max: DEVICES.length - 1 });
/** Which call a device means: mostly the one it knows, now and then an old one or one that never was. */
const meaning = fc.nat({ max: 9 });

const FRAMES = ['alert', 'answer', 'ready', 'decline', 'cancel', 'hang_up', 'signal', 'credentials'] as const;

const action = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant('ring' as const),
			device,
			again: fc.boolean(),
			video: fc.boolean(),
		}),
	},
	{
		weight: 12,
		arbitrary: fc.record({
			do: fc.constantFrom(...FRAMES),
			device,
			meaning,
			to: device,
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('bar' as const), device }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), device }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const), device }) },
	{
		weight: 5,
		arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 50_000 }) }),
	},
	{
		weight: 1,
		arbitrary: fc.record({ do: fc.constant('restart' as const), ms: fc.integer({ min: 0, max: 200_000 }) }),
	},
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

function perform(world: World, act: Action): void {
	const ids = [...world.log.keys()];
	switch (act.do) {
		case 'pass':
			return world.pass(act.ms);
		case 'restart':
			return world.restart(act.ms);
		case 'close':
			return world.apply({ type: 'close' });
	}
	const from = world.devices[act.device]!;
	const who = ownerOf(from.name);
	if (act.do === 'drop') return world.drop(from);
	if (act.do === 'bar') {
		world.apply({ type: 'bar', who, device: from.name });
		expect(isLive(world.room.call) && deviceOf(world.room.call, who) === from.name, 'out of the call').toBe(
			false,
		);
		return world.drop(from);
	}
	if (act.do === 'connect') return world.connect(from);
	if (!from.connected) return;

	if (act.do === 'ring') {
		const id = act.again && ids.length > 0 ? ids.at(-1)! : `call-no-${++world.made}`;
		return world.apply({
			type: 'ring',
			who,
			device: from.name,
			call: id,
			kind: act.video ? 'video' : 'voice',
			callee: otherThan(who),
			used: world.log.get(id)?.call.caller === who,
			present: world.devices.filter((each) => each.connected).map((each) => each.name),
		});
	}
	const meant = act.meaning < 8 ? from.known?.id : ids[act.meaning % Math.max(1, ids.length)];
	const frame = { who, device: from.name, call: meant ?? 'never-was' };
	if (act.do === 'decline') return world.apply({ type: 'decline', ...frame, busy: act.meaning % 3 === 0 });
	if (act.do === 'hang_up') return world.apply({ type: 'hang_up', ...frame, failed: act.meaning % 2 === 0 });
	if (act.do === 'signal') return world.apply({ type: 'signal', ...frame, to: DEVICES[act.to]!, signal: {} });
	world.apply({ type: act.do as 'alert', ...frame });
}

it('never two live calls, every call ends exactly once, no device rings after the end (K1–K5)', () => {
	const seen = new Set<string>();
	fc.assert(
		fc.property(fc.array(action, { maxLength: 80, size: 'max' }), (actions) => {
			const world = new World();
			for (const act of actions) perform(world, act);

			// Everybody leaves; whatever is on must end by itself.
			for (const device of world.devices) world.drop(device);
			world.pass(200_000);
			expect(isLive(world.room.call)).toBe(false);
			for (const [id, entry] of world.log) {
				expect(entry.ends, `${id} ended exactly once`).toBe(1);
				seen.add((entry.call as Call & { state: 'ended' }).outcome);
			}
			for (const device of world.devices) {
				expect(device.ringing).toBe(false);
				world.connect(device);
				expect(device.ringing).toBe(false);
			}
		}),
		{ numRuns: 1_500 },
	);
	expect([...seen].sort(), 'the runs reached every outcome').toEqual([
		'busy',
		'cancelled',
		'declined',
		'failed',
		'finished',
		'missed',
	]);
});
