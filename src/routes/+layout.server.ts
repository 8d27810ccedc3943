import { ZONE_COOKIE } from '#lib/format/clock.svelte.ts';
import { isZone, localeFrom, NOWHERE } from '#lib/format/time.ts';
import type { LayoutServerLoad } from './$types';

export const load: LayoutServerLoad = ({ cookies, request }) => {
	const zone = cookies.get(ZONE_COOKIE) ?? '';
	return {
		clock: {
			zone: isZone(zone) ? zone : NOWHERE.zone,
			locale: localeFrom(request.headers.get('accept-language')),
			now: Date.now(),
		},
	};
};
