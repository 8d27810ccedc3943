import type { BrowserContext } from '@playwright/test';
import { bothInRoom, button, incoming, lights, screen } from './call.ts';
import { conversation, expect, test } from './fixtures.ts';

/*
 * Calls through ZEGOCLOUD: its real SDK in a real browser, up to the network, behind which nobody answers here. What
 * follows a successful log-in needs an account there.
 */

const SECRET = '0123456789abcdef0123456789abcdef';

test.use({
	settings: {
		ZEGO_APP_ID: '1234567890',
		ZEGO_SERVER_SECRET: SECRET,
		ZEGO_SERVER_URL: 'wss://webliveroom1234567890-api.zegocloud.com/ws',
	},
});

/** Cuts everything off but Kith. @returns where the page wanted to connect to, as it goes on */
async function cutOff(context: BrowserContext, kith: string): Promise<string[]> {
	const hosts: string[] = [];
	const outside = (url: URL) => url.host !== new URL(kith).host && url.protocol !== 'blob:';
	await context.route(outside, (route) => {
		hosts.push(new URL(route.request().url()).hostname);
		return route.abort();
	});
	await context.routeWebSocket(outside, (socket) => {
		hosts.push(new URL(socket.url()).hostname);
		void socket.close();
	});
	return hosts;
}

declare const violations: string[];

test('K6: the SDK is loaded and logs in; a service that cannot be reached is said, and every light is off', async ({
	friends: { ana, bob },
	server,
}) => {
	const hosts = await cutOff(ana.context, server.url);
	await cutOff(bob.context, server.url);
	const scripts: string[] = [];
	const said: string[] = [];
	ana.page.on('request', (request) => request.resourceType() === 'script' && scripts.push(request.url()));
	ana.page.on('websocket', (socket) =>
		socket.on('framereceived', ({ payload }) => said.push(String(payload))),
	);
	await ana.page.addInitScript(() => {
		const list: string[] = [];
		Object.assign(window, { violations: list });
		document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) =>
			list.push(`${effectiveDirective} ${blockedURI}`),
		);
	});
	await bothInRoom({ ana, bob });
	const before = scripts.length;

	await button(ana.page, 'Start video call').click();
	await button(incoming(bob.page, ana), 'Answer').click();
	// Whoever gives up first says why, and it is over for both.
	const why = 'The call service cannot be reached';
	await Promise.any([
		expect(screen(ana.page, bob)).toContainText(why),
		expect(screen(bob.page, ana)).toContainText(why),
	]);
	await expect(conversation(ana.page).getByText('Not connected')).toBeVisible();
	expect(await lights(ana.page)).toBe(0);
	expect(await lights(bob.page)).toBe(0);

	// It really was the SDK that tried, at ZEGO's addresses and nowhere else.
	expect(scripts.length).toBeGreaterThan(before);
	expect(hosts.length).toBeGreaterThan(0);
	for (const host of hosts) expect(host).toMatch(/\.(zego\.im|zegocloud\.com|cool[bdgz]cloud\.com)$/);
	// What the policy holds back, the SDK can do without: a faster way to multiply, a search for the global object, and a
	// script that its own reporting would put into the page.
	expect(new Set(await ana.page.evaluate(() => violations))).toEqual(
		new Set(['script-src wasm-eval', 'script-src eval', 'script-src-elem inline']),
	);

	// A token was given, the secret was not.
	const credentials = said.filter((text) => text.includes('"credentials"'));
	expect(credentials.join()).toMatch(/"token":"04[\w+/=]{100,}"/);
	expect(said.join()).not.toContain(SECRET);
});

test('K6: an SDK that cannot be loaded is said', async ({ friends: { ana, bob }, server }) => {
	await cutOff(bob.context, server.url);
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start voice call').click();
	await expect(incoming(bob.page, ana, 'Voice')).toBeVisible();
	// Everything that a call needs is there but the SDK.
	await ana.context.route(/\/_app\/immutable\/.*\.js$/, (route) => route.abort());
	await button(incoming(bob.page, ana, 'Voice'), 'Answer').click();
	await expect(screen(ana.page, bob)).toContainText('could not be loaded');
	expect(await lights(ana.page)).toBe(0);
});
