import { refreshing } from '#lib/api/contract.ts';
import * as sessions from '#lib/server/sessions.ts';
import { openEndpoint } from '../endpoint.ts';
import { problem } from '../problem.ts';

export const POST = openEndpoint(async ({ event, input }) => {
	const { db, config } = event.locals;
	const renewal = await sessions.renew(db, config, input.refresh, new Date());
	return renewal.kind === 'ended'
		? problem(401, 'signed_out', 'This session has ended. Log in again.')
		: { tokens: renewal.tokens };
}, refreshing);
