import type { Context } from 'hono';
import { mayDo, type Task } from '#lib/server/operator-token.ts';
import type { Env } from './env.ts';
import { bearerOf } from './origin.ts';
import { problem } from './problem.ts';
import { door } from './session.ts';

/** The refusal for whoever does not run this Kith, or null for whoever does and asks for this. */
export async function refuseStrangers(c: Context<{ Bindings: Env }>, task: Task): Promise<Response | null> {
	const token = bearerOf(c.req.raw);
	const secret = door(c.env).config.sessionSecret;
	if (token && (await mayDo(secret, task, token, new Date()))) return null;
	return problem(401, 'no_operator', 'Only whoever runs this Kith may ask that.');
}
