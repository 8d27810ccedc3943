import { errors, jwtVerify, SignJWT } from 'jose';

/*
 * Says that whoever asks knows SESSION_SECRET, and so runs this Kith. It names one task, is good for minutes, and is no
 * session of anybody: an access token does not pass for it, nor it for an access token.
 */

const SECONDS = 5 * 60;
const ALGORITHM = 'HS256';
const ISSUER = 'kith';
const AUDIENCE = 'kith operation';

/** What operators may ask of a running Kith. */
export type Task = 'archive:verify' | 'notices:tell';

/** @param secret the bytes of SESSION_SECRET */
export function signTask(secret: Uint8Array, task: Task, now: Date): Promise<string> {
	const issued = Math.floor(now.getTime() / 1000);
	return new SignJWT()
		.setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
		.setSubject(task)
		.setIssuer(ISSUER)
		.setAudience(AUDIENCE)
		.setIssuedAt(issued)
		.setExpirationTime(issued + SECONDS)
		.sign(secret);
}

/** Was this token made for this task, with this secret, a few minutes ago at most? */
export async function mayDo(secret: Uint8Array, task: Task, token: string, now: Date): Promise<boolean> {
	try {
		await jwtVerify(token, secret, {
			algorithms: [ALGORITHM],
			issuer: ISSUER,
			audience: AUDIENCE,
			subject: task,
			requiredClaims: ['exp'],
			currentDate: now,
		});
		return true;
	} catch (error) {
		if (error instanceof errors.JOSEError) return false;
		throw error;
	}
}
