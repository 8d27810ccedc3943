import { env } from 'cloudflare:workers';
import { expect, inject, test, vi } from 'vitest';
import { FLOOD_BURST } from '#lib/chat/limits.ts';
import { CLOSE, clientFrame, parseServerFrame } from '#lib/chat/protocol.ts';
import { frame } from '../../tests/fuzz/frames.ts';
import { Random } from '../../tests/fuzz/random.ts';
import { join, newFriends, text, withoutDatabase } from '../testing.ts';

/* Generated frames against a live room. FUZZ_LIVE says how many, FUZZ_SEED which. */

declare module 'vitest' {
	interface ProvidedContext {
		fuzz: { seed: number; live: number };
	}
}

const { seed, live } = inject('fuzz');

test(
	`D5: ${live} generated frames from both people leave a room that works (FUZZ_SEED=${seed})`,
	{ timeout: 900_000 },
	async () => {
		withoutDatabase();
		const logged = vi.spyOn(console, 'error');
		const { ana, bob, room } = await newFriends();
		const perTab = FLOOD_BURST - 10;
		for (let index = 0; index < live;) {
			const people = index % 2 ? [ana, bob] : [bob, ana];
			const tabs = await Promise.all(people.map((person) => join(room, person)));
			for (let n = 0; n < perTab && index < live; n++)
				for (const tab of tabs) tab.shout(frame(clientFrame, new Random(seed, index++)));
			for (const [which, tab] of tabs.entries()) {
				await tab.settle();
				const context = `FUZZ_SEED=${seed}, before frame ${index}, tab ${which}`;
				expect(tab.texts, context).toEqual([]);
				for (const heard of tab.frames)
					expect(parseServerFrame(JSON.stringify(heard)), context).toEqual(heard);
				tab.socket.close();
				expect((await tab.closed).code, context).not.toBe(1011);
			}
		}
		expect(logged.mock.calls).toEqual([]);

		const [atAna, atBob] = [await join(room, ana), await join(room, bob)];
		atAna.say({ type: 'send', id: 'after-all-that', body: text('still here?') });
		for (const tab of [atAna, atBob]) {
			const told = await tab.next();
			expect(told).toMatchObject({ type: 'message', message: { from: ana, body: text('still here?') } });
		}
		const stub = env.ROOMS.getByName(room);
		const { last } = await stub.history(ana, {});
		let next = 1;
		for (let after = 0; after < last; after = next - 1)
			for (const message of (await stub.history(bob, { after, limit: 200 })).messages)
				expect(message.seq).toBe(next++);
		expect(next).toBe(last + 1);

		await stub.setStatus({ open: false, epoch: 2 });
		expect((await atBob.closed).code).toBe(CLOSE.friendship_ended.code);
	},
);
