import { refreshing } from '#lib/api/contract.ts';
import * as sessions from '#lib/server/sessions.ts';
import { openEndpoint } from '../endpoint.ts';
import { tell } from '../../tell.ts';
import { problem } from '../problem.ts';

export const POST = openEndpoint(async ({ event, input }) => {
	const { db, config } = event.locals;
	const renewal = await sessions.renew(db, config, input.refresh, new Date());
	if (renewal.kind !== 'ended') return { tokens: renewal.tokens };
	if (renewal.person) tell(event.locals, renewal.person);
	return problem(401, 'signed_out', 'This session has ended. Log in again.');
}, refreshing);
