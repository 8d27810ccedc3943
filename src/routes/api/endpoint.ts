import { json, type RequestEvent, type RequestHandler } from '@sveltejs/kit';
import * as v from 'valibot';
import { BODY_MAX_BYTES } from '#lib/api/contract.ts';
import { isUnreachable } from '#lib/server/db/client.ts';
import { describeFailure } from '#lib/server/failure.ts';
import * as people from '#lib/server/people.ts';
import { enter } from '#lib/server/session-door.ts';
import { problem } from './problem.ts';

/** Who asks, with what. */
export interface Asked<Input> {
	event: RequestEvent;
	input: Input;
	me: people.Me;
	/** The id of the session. */
	session: string;
}
type Anybody<Input> = Omit<Asked<Input>, 'me' | 'session'>;

/** An answer: a Response (a problem, or one without a body), or a value to answer with as JSON. */
type Answer = Response | object;

/**
 * An operation for whoever has an access token. Cookies are not looked at: a page elsewhere can make a browser send those, but
 * not this header.
 * @param schema what the body must be; none for an operation without a body
 */
export function endpoint<Schema extends v.GenericSchema = v.UndefinedSchema<undefined>>(
	answer: (asked: Asked<v.InferOutput<Schema>>) => Promise<Answer>,
	schema?: Schema,
): RequestHandler {
	return guarded(async (event) => {
		const { db, config } = event.locals;
		const [scheme, access] = (event.request.headers.get('authorization') ?? '').split(' ');
		const bearer = scheme?.toLowerCase() === 'bearer' ? access : undefined;
		const entry = await enter({ db, config }, { access: bearer }, new Date());
		const me = entry.who && (await people.signedIn(db, entry.who));
		if (!me || !entry.who) return problem(401, 'signed_out', 'This needs a valid access token.');
		const read = await readBody(event.request, schema);
		if (read instanceof Response) return read;
		return answer({ event, input: read.input, me, session: entry.who.session });
	});
}

/** An operation for anybody. */
export function openEndpoint<Schema extends v.GenericSchema>(
	answer: (asked: Anybody<v.InferOutput<Schema>>) => Promise<Answer>,
	schema: Schema,
): RequestHandler {
	return guarded(async (event) => {
		const read = await readBody(event.request, schema);
		return read instanceof Response ? read : answer({ event, input: read.input });
	});
}

function guarded(answer: (event: RequestEvent) => Promise<Answer>): RequestHandler {
	return async (event) => {
		try {
			const answered = await answer(event);
			return answered instanceof Response
				? answered
				: json(answered, { headers: { 'cache-control': 'no-store' } });
		} catch (error) {
			if (isUnreachable(error))
				return problem(503, 'unavailable', 'Kith cannot reach its database. Try again in a moment.');
			const id = crypto.randomUUID().slice(0, 13);
			const { method } = event.request;
			const path = event.url.pathname;
			console.error(JSON.stringify({ event: 'api_failed', id, method, path, error: describeFailure(error) }));
			return problem(500, 'failed', 'Something went wrong on our side.', { id });
		}
	};
}

async function readBody<Schema extends v.GenericSchema>(
	request: Request,
	schema: Schema | undefined,
): Promise<{ input: v.InferOutput<Schema> } | Response> {
	if (!schema) return { input: undefined as v.InferOutput<Schema> };
	const tooBig = () => problem(413, 'too_big', `A request may have ${BODY_MAX_BYTES / 1024} KiB.`);
	if (Number(request.headers.get('content-length') ?? 0) > BODY_MAX_BYTES) return tooBig();
	const text = await request.text();
	if (text.length > BODY_MAX_BYTES) return tooBig();
	let given: unknown;
	try {
		given = JSON.parse(text);
	} catch {
		return problem(400, 'malformed', 'The body is not JSON.');
	}
	const parsed = v.safeParse(schema, given);
	if (parsed.success) return { input: parsed.output };
	const code = parsed.issues
		.map((issue) => issue.message)
		.find((said) => said === 'empty' || said === 'too_long');
	if (code) return problem(422, code, code === 'empty' ? 'There is nothing in it.' : 'It is too long.');
	return problem(400, 'malformed', 'The body does not have the form this operation takes.', {
		fields: Object.fromEntries(parsed.issues.map((issue) => [v.getDotPath(issue) ?? '', 'malformed'])),
	});
}
