import { env } from 'cloudflare:workers';
import { runInDurableObject } from 'cloudflare:test';
import { expect, test } from 'vitest';
import { newPair } from '../testing.ts';
import { Alarms, type Jobs, type LocalJob, type OutgoingJob } from './alarms.ts';
import { prepare } from './room-schema.ts';

const NOW = Date.now() + 3_600_000;

interface Bench {
	alarms: Alarms;
	/** What happened, in order. */
	did: string[];
	jobs: Jobs;
	/** When the platform will call. */
	set(): Promise<number | null>;
	/** Rings, and waits for what runs beside. */
	ring(now: number): Promise<void>;
}

function bench(
	work: (bench: Bench) => Promise<void>,
	jobs: { local?: Record<string, LocalJob>; outgoing?: Record<string, OutgoingJob> },
): Promise<void> {
	return runInDurableObject(env.ROOMS.getByName(newPair().room), async (_, { storage }) => {
		prepare(storage);
		const did: string[] = [];
		const beside: Promise<void>[] = [];
		const all: Jobs = {
			local: jobs.local ?? {},
			outgoing: jobs.outgoing ?? {},
			failed: (job) => did.push(`${job} failed`),
			beside: (work) => void beside.push(work),
		};
		const alarms = new Alarms(storage);
		await work({
			alarms,
			did,
			jobs: all,
			set: () => storage.getAlarm(),
			async ring(now) {
				await storage.deleteAlarm(); // as the platform does before it calls
				alarms.ring(all, now);
				await Promise.all(beside.splice(0));
			},
		});
	});
}

test('the alarm is set for the earliest job, and again for the next one', () => {
	const rang: string[] = [];
	const local = (name: string) => () => (rang.push(name), null);
	return bench(
		async ({ alarms, set, ring }) => {
			alarms.set('later', NOW + 20);
			alarms.set('sooner', NOW + 10);
			expect(await set()).toBe(NOW + 10);
			await ring(NOW + 10);
			expect(rang).toEqual(['sooner']);
			expect(await set()).toBe(NOW + 20);
			await ring(NOW + 20);
			await ring(NOW + 30);
			expect(rang).toEqual(['sooner', 'later']);
			expect(await set()).toBeNull();
		},
		{ local: { sooner: local('sooner'), later: local('later') } },
	);
});

test('an alarm that comes too early does nothing and comes again', () =>
	bench(
		async ({ alarms, set, ring, did }) => {
			alarms.set('job', NOW + 10);
			await ring(NOW);
			expect([did, await set()]).toEqual([[], NOW + 10]);
		},
		{ local: { job: () => null } },
	));

test('a job may be moved, hastened and taken back', () =>
	bench(
		async ({ alarms }) => {
			alarms.set('job', NOW + 10);
			alarms.hasten('job', NOW + 20);
			expect(alarms.due('job')).toBe(NOW + 10);
			alarms.hasten('job', NOW + 5);
			expect(alarms.due('job')).toBe(NOW + 5);
			alarms.set('job', NOW + 30);
			expect(alarms.due('job')).toBe(NOW + 30);
			alarms.set('job', null);
			expect(alarms.due('job')).toBeNull();
		},
		{ local: { job: () => null } },
	));

test('a deadline does not wait for a call to somebody else', () => {
	const order: string[] = [];
	return bench(
		async ({ alarms, ring }) => {
			alarms.set('call', NOW);
			alarms.set('deadline', NOW + 1);
			await ring(NOW + 1);
			expect(order).toEqual(['deadline', 'call begins', 'call ends']);
		},
		{
			local: { deadline: () => (order.push('deadline'), null) },
			outgoing: {
				call: async () => {
					order.push('call begins');
					await new Promise((done) => setTimeout(done, 20));
					order.push('call ends');
					return null;
				},
			},
		},
	);
});

test('a job that throws is told of and comes again, and keeps no other from running', () => {
	let tries = 0;
	return bench(
		async ({ alarms, ring, did, set }) => {
			for (const job of ['bad', 'good', 'worse']) alarms.set(job, NOW);
			await ring(NOW);
			expect(did).toEqual(['bad failed', 'worse failed']);
			expect(tries).toBe(1);
			expect(alarms.due('bad')).toBeGreaterThan(NOW);
			expect(alarms.due('worse')).toBeGreaterThan(Date.now());
			expect(await set()).not.toBeNull();
		},
		{
			local: {
				bad: () => {
					throw new Error('bad');
				},
				good: () => (tries++, null),
			},
			outgoing: { worse: () => Promise.reject(new Error('worse')) },
		},
	);
});

test('what an outgoing job is told while it runs is not forgotten when it ends', () => {
	let hasten = () => {};
	return bench(
		async ({ alarms, ring }) => {
			hasten = () => alarms.hasten('call', NOW + 500);
			alarms.set('call', NOW);
			await ring(NOW);
			expect(alarms.due('call')).toBe(NOW + 500);
		},
		{ outgoing: { call: async () => (hasten(), null) } },
	);
});

test('an outgoing job that was lost with its object comes again', () =>
	bench(
		async ({ alarms, jobs, set }) => {
			alarms.set('call', NOW);
			alarms.ring({ ...jobs, beside: () => {} }, NOW);
			expect(await set()).toBeGreaterThan(NOW);
			expect(alarms.due('call')).toBeGreaterThan(NOW);
		},
		{ outgoing: { call: () => new Promise(() => {}) } },
	));

test('a job that nobody knows any more is let go', () =>
	bench(async ({ alarms, ring, set }) => {
		alarms.set('of another version', NOW);
		await ring(NOW);
		expect([alarms.due('of another version'), await set()]).toEqual([null, null]);
	}, {}));
