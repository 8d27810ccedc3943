import * as v from 'valibot';

const KEY = 'kith-call-devices';

const kept = v.object({
	microphone: v.optional(v.string()),
	camera: v.optional(v.string()),
	speaker: v.optional(v.string()),
	relayOnly: v.optional(v.boolean(), false),
});
/** The devices that this browser's calls begin with. */
export type KeptChoice = v.InferOutput<typeof kept>;

export function readChoice(): KeptChoice {
	try {
		return v.parse(kept, JSON.parse(localStorage.getItem(KEY) ?? '{}'));
	} catch {
		return { relayOnly: false };
	}
}

export function keepChoice(change: Partial<KeptChoice>): void {
	try {
		localStorage.setItem(KEY, JSON.stringify({ ...readChoice(), ...change }));
	} catch {
		// A browser that keeps nothing: the choice holds for this call.
	}
}
