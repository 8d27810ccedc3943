import { errors, jwtVerify, SignJWT } from 'jose';
import * as v from 'valibot';

/** Says who asks, without a look into the database, for as long as it is valid. */
export interface Who {
	person: string;
	session: string;
	username: string;
}

export const ACCESS_SECONDS = 5 * 60;
/** So long after it ran out it still lets somebody in while the database cannot be asked. */
export const GRACE_SECONDS = 60 * 60;

const ALGORITHM = 'HS256';
const ISSUER = 'kith';
const AUDIENCE = 'kith';

const claims = v.object({ sub: v.string(), sid: v.string(), username: v.string(), exp: v.number() });

export async function signAccess(
	secret: Uint8Array,
	{ person, session, username }: Who,
	now: Date,
): Promise<{ access: string; accessExpires: Date }> {
	const issued = Math.floor(now.getTime() / 1000);
	const expires = issued + ACCESS_SECONDS;
	const access = await new SignJWT({ sid: session, username })
		.setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
		.setSubject(person)
		.setIssuer(ISSUER)
		.setAudience(AUDIENCE)
		.setIssuedAt(issued)
		.setExpirationTime(expires)
		.sign(secret);
	return { access, accessExpires: new Date(expires * 1000) };
}

/**
 * Reads an access token.
 * @returns whom it names and whether it has run out (by less than GRACE_SECONDS); null for everything that this
 * server did not sign, that is meant for something else, or that ran out longer ago
 */
export async function readAccess(
	secret: Uint8Array,
	token: string,
	now: Date,
): Promise<{ who: Who; expired: boolean } | null> {
	try {
		const { payload } = await jwtVerify(token, secret, {
			algorithms: [ALGORITHM],
			issuer: ISSUER,
			audience: AUDIENCE,
			requiredClaims: ['exp'],
			currentDate: now,
			clockTolerance: GRACE_SECONDS,
		});
		const parsed = v.safeParse(claims, payload);
		if (!parsed.success) return null;
		const { sub, sid, username, exp } = parsed.output;
		return { who: { person: sub, session: sid, username }, expired: exp * 1000 <= now.getTime() };
	} catch (error) {
		if (error instanceof errors.JOSEError) return null;
		throw error;
	}
}
