import { json } from '@sveltejs/kit';
import { registration } from '#lib/api/contract.ts';
import { deviceName } from '#lib/format/device.ts';
import * as attempts from '#lib/server/attempts.ts';
import * as people from '#lib/server/people.ts';
import * as sessions from '#lib/server/sessions.ts';
import { openEndpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';

export const POST = openEndpoint(async ({ event, input }) => {
	const { db, config } = event.locals;
	const now = new Date();
	const address = attempts.network(event.getClientAddress());
	const allowed = await attempts.take(
		db,
		`register:address:${address}`,
		config.limits.registerPerAddress,
		now,
	);
	if (!allowed.ok)
		return problem(429, 'too_many', 'Too many accounts from here. Try again later.', {
			retryAfterSeconds: allowed.retryAfterSeconds,
		});
	const registered = await people.register(db, input, now);
	if (!registered.ok)
		return problem(422, 'fields', 'Some fields cannot be as they are.', { fields: registered.fields });
	const device = input.device ?? deviceName(event.request.headers.get('user-agent'));
	const tokens = await sessions.open(db, config, registered.person.id, device, now);
	return json(
		{ person: registered.person, tokens },
		{ status: 201, headers: { 'cache-control': 'no-store' } },
	);
}, registration);
