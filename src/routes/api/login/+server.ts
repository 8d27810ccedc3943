import { credentials } from '#lib/api/contract.ts';
import { deviceName } from '#lib/format/device.ts';
import * as sessions from '#lib/server/sessions.ts';
import { openEndpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';

export const POST = openEndpoint(async ({ event, input }) => {
	const { db, config } = event.locals;
	const device = input.device ?? deviceName(event.request.headers.get('user-agent'));
	const { login, password } = input;
	const entered = await sessions.logIn(
		db,
		config,
		{ login, password, device, address: event.getClientAddress() },
		new Date(),
	);
	if (entered.ok) return { person: entered.person, tokens: entered.tokens };
	return entered.code === 'too_many'
		? problem(429, 'too_many', 'Too many tries. Try again later.', {
				retryAfterSeconds: entered.retryAfterSeconds ?? 60,
			})
		: problem(401, 'wrong', 'The name or the password is wrong.');
}, credentials);
