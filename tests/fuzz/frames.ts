import type { GenericSchema } from 'valibot';
import * as v from 'valibot';
import type { Random } from './random.ts';
import { anything, bytes, NUMBERS, oddText, SPELT } from './values.ts';

/*
 * Frames made from the schema of the protocol, so that new ones are tried as soon as there are any: as they should be, a
 * little wrong, and nothing like it.
 */

/** The parts of a valibot schema that this reads. */
interface Schema {
	type: string;
	literal?: unknown;
	entries?: Record<string, Schema>;
	options?: unknown[];
	wrapped?: Schema;
	item?: Schema;
	items?: Schema[];
}

/** Right by type, wrong by rule. */
const SPOILT = ['', ' \n', 'x'.repeat(4_001)];
const TEXTS = [
	'an-id-000',
	'an-id-111',
	'hello there',
	'🌱 and words',
	'x'.repeat(64),
	'ana00000',
	'bob00000',
];

/** A value that fits a schema, or nearly: where a rule beyond the type is not met, the whole is one more wrong frame. */
function fitting(schema: Schema, random: Random): unknown {
	switch (schema.type) {
		case 'literal':
			return schema.literal;
		case 'picklist':
			return random.pick(schema.options!);
		case 'string':
			if (random.chance(0.3)) return random.pick(SPOILT);
			return valid(schema, TEXTS, random) ?? oddText(random);
		case 'number':
			return valid(schema, [0, 1, 2, 3, 7, 50, 200], random) ?? random.pick(NUMBERS);
		case 'boolean':
			return random.chance(0.5);
		case 'optional':
		case 'exact_optional':
		case 'nullish':
			return random.chance(0.5) ? fitting(schema.wrapped!, random) : undefined;
		case 'nullable':
			return random.chance(0.7) ? fitting(schema.wrapped!, random) : null;
		case 'variant':
		case 'union':
			return fitting(random.pick(schema.options as Schema[]), random);
		case 'object':
		case 'strict_object':
		case 'loose_object':
			return Object.fromEntries(
				Object.entries(schema.entries!).map(([name, entry]) => [name, fitting(entry, random)]),
			);
		case 'array':
			return random.list(5, () => fitting(schema.item!, random));
		case 'tuple':
			return schema.items!.map((item) => fitting(item, random));
		default:
			return anything(random);
	}
}

function valid<T>(schema: Schema, candidates: T[], random: Random): T | undefined {
	const fit = candidates.filter((candidate) => v.is(schema as unknown as GenericSchema, candidate));
	return fit.length > 0 ? random.pick(fit) : undefined;
}

/** Changes one thing somewhere inside. */
function bent(value: unknown, random: Random): unknown {
	if (typeof value !== 'object' || value === null || random.chance(0.15)) return anything(random);
	if (Array.isArray(value)) return value.map((item) => (random.chance(0.5) ? bent(item, random) : item));
	const entries = Object.entries(value);
	const at = random.upTo(entries.length + 1);
	const entry = entries[at];
	if (!entry) entries.push([oddText(random), anything(random)]);
	else if (random.chance(0.3)) entries.splice(at, 1);
	else if (random.chance(0.2)) entry[0] = oddText(random);
	else entry[1] = bent(entry[1], random);
	return Object.fromEntries(entries);
}

/** Changes the text of a frame, so that it may be no JSON any more. */
function torn(text: string, random: Random): string {
	const at = random.upTo(text.length + 1);
	switch (random.upTo(6)) {
		case 0:
			return text.slice(0, at);
		case 1:
			return text.slice(0, at) + oddText(random) + text.slice(at);
		case 2:
			return text.slice(0, at) + text.slice(at + 1 + random.upTo(5));
		case 3:
			return text.replace(/\d+/, random.pick(SPELT));
		case 4:
			return text.replace('}', `,"type":${JSON.stringify(oddText(random))}}`);
		default:
			return text + text;
	}
}

function deep(random: Random): string {
	const [open, inner, close] = random.pick([
		['[', '', ']'],
		['{"type":', '"hello"', '}'],
		['{"type":"send","id":"an-id-000","body":', '1', '}'],
		['[{"a":', 'null', '}]'],
	] as const);
	const depth = 1 + random.upTo(20_000 / open.length);
	return open.repeat(depth) + inner + (random.chance(0.5) ? close.repeat(depth) : '');
}

/** One WebSocket message: a text or bytes. */
export function frame(schema: GenericSchema, random: Random): string | ArrayBuffer {
	const proper = () => fitting(schema as unknown as Schema, random);
	const kind = random.next();
	if (kind < 0.3) return JSON.stringify(proper());
	if (kind < 0.6) return JSON.stringify(bent(proper(), random));
	if (kind < 0.8) return torn(JSON.stringify(proper()), random);
	if (kind < 0.86) return JSON.stringify(anything(random));
	if (kind < 0.92) return oddText(random);
	if (kind < 0.96) return bytes(random, 200).buffer;
	if (kind < 0.99) return deep(random);
	return JSON.stringify({ ...(proper() as object), padding: 'x€'.repeat(random.upTo(15_000)) });
}
