import { ZONE_COOKIE } from '#lib/format/clock.svelte.ts';
import { isZone, localeFrom, NOWHERE } from '#lib/format/time.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = ({ cookies, locals, request }) => {
	// On a first visit Cloudflare's guess, by the address; afterwards the device has said.
	const zone = cookies.get(ZONE_COOKIE) ?? locals.zone ?? '';
	return {
		clock: {
			zone: isZone(zone) ? zone : NOWHERE.zone,
			locale: localeFrom(request.headers.get('accept-language')),
			now: Date.now(),
		},
	};
};
