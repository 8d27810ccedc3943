import { FLOOD_BURST, FLOOD_PATIENCE, FLOOD_REFILL } from '#lib/chat/limits.ts';

/** A token bucket (D5): `burst` frames at once, `refill` a second after that. */
export interface FloodLimits {
	burst: number;
	refill: number;
}

export interface Bucket {
	tokens: number;
	/** When `tokens` was right, in ms. */
	at: number;
	/** Refusals since the last frame that was let through. */
	refusals: number;
}

/** The limits that configuration asks for; what is not a positive number counts as not set. */
export function floodLimits(env: { FLOOD_BURST?: string; FLOOD_REFILL?: string }): FloodLimits {
	return { burst: positive(env.FLOOD_BURST, FLOOD_BURST), refill: positive(env.FLOOD_REFILL, FLOOD_REFILL) };
}

const positive = (text: string | undefined, otherwise: number) =>
	Number(text) > 0 ? Number(text) : otherwise;

export function fullBucket({ burst }: FloodLimits, now: number): Bucket {
	return { tokens: burst, at: now, refusals: 0 };
}

/**
 * Takes one frame from a bucket.
 * @returns 'go', or how many ms until there is room for one, or 'enough' when the sender has not listened for too long
 */
export function take(bucket: Bucket, { burst, refill }: FloodLimits, now: number): 'go' | 'enough' | number {
	const elapsed = Math.max(0, now - bucket.at);
	bucket.tokens = Math.min(burst, bucket.tokens + (elapsed / 1000) * refill);
	bucket.at = now;
	if (bucket.tokens >= 1) {
		bucket.tokens -= 1;
		bucket.refusals = 0;
		return 'go';
	}
	bucket.refusals += 1;
	if (bucket.refusals > FLOOD_PATIENCE) return 'enough';
	return Math.ceil(((1 - bucket.tokens) / refill) * 1000);
}
