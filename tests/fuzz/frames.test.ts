import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { inboxClientFrame, inboxServerFrame, parseInboxClientFrame } from '#lib/chat/inbox-protocol.ts';
import { parseInboxServerFrame } from '#lib/chat/inbox-protocol.ts';
import { clientFrame, parseClientFrame, parseServerFrame, serverFrame } from '#lib/chat/protocol.ts';
import { frame } from './frames.ts';
import { Random, seedOf } from './random.ts';

/*
 * Generated frames against the parsers. FUZZ_FRAMES says how many, FUZZ_SEED which; a frame that went wrong is named by its
 * index, and FUZZ_FROM starts there.
 */

const COUNT = Number(process.env.FUZZ_FRAMES ?? 20_000);
const SEED = seedOf(process.env.FUZZ_SEED);
const FROM = Number(process.env.FUZZ_FROM ?? 0);

/** Runs `check` on each frame; what it throws says which one it was. */
function each(schema: GenericSchema, check: (data: string | ArrayBuffer) => unknown): Map<string, number> {
	const outcomes = new Map<string, number>();
	for (let index = FROM; index < FROM + COUNT; index++) {
		const data = frame(schema, new Random(SEED, index));
		try {
			const outcome = String(check(data));
			outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
		} catch (error) {
			const shown = typeof data === 'string' ? data.slice(0, 300) : `${data.byteLength} bytes`;
			throw new Error(`FUZZ_SEED=${SEED} FUZZ_FROM=${index}: ${shown}`, { cause: error });
		}
	}
	return outcomes;
}

describe(`${COUNT} generated frames (FUZZ_SEED=${SEED})`, () => {
	test('D5: the room’s parser answers each with a frame or a refusal, and what it takes it takes again as it is', () => {
		const outcomes = each(clientFrame, (data) => {
			const parsed = parseClientFrame(data);
			if (!parsed.ok) {
				if (!v.is(serverFrame, parsed.refused)) throw new Error('This refusal is no frame.');
				return parsed.refused.code;
			}
			const again = parseClientFrame(JSON.stringify(parsed.frame));
			if (!again.ok || JSON.stringify(again.frame) !== JSON.stringify(parsed.frame))
				throw new Error('Parsing it again gives something else.');
			return 'ok';
		});
		if (COUNT >= 10_000)
			for (const outcome of ['ok', 'malformed', 'unknown_frame', 'too_big', 'empty', 'too_long'])
				expect(outcomes.get(outcome) ?? 0, outcome).toBeGreaterThan(10);
		expect(outcomes.get('ok')).toBeGreaterThan(COUNT / 10);
	}, 600_000);

	test('the Inbox’s parser throws at nothing', () => {
		expect(each(inboxClientFrame, (data) => parseInboxClientFrame(data).ok).get('true')).toBeGreaterThan(0);
	}, 600_000);

	test('the clients’ parsers throw at nothing', () => {
		for (const [schema, parse] of [
			[serverFrame, parseServerFrame],
			[inboxServerFrame, parseInboxServerFrame],
		] as const)
			expect(each(schema, (data) => parse(data) !== null).get('true')).toBeGreaterThan(0);
	}, 600_000);
});
