import { bothInRoom, button, incoming, screen } from './call.ts';
import { expect, test } from './fixtures.ts';

/* A Kith that has a relay for calls, which cannot be reached here: what is hidden must stay hidden all the same. */

test.use({ settings: { TURN_KEY_ID: 'a-key', TURN_KEY_API_TOKEN: 'its-token' } });

test('a device that hides its address tells it to nobody, also when the relay fails', async ({
	friends: { ana, bob },
}) => {
	await ana.page.goto('/settings');
	const hide = ana.page.getByRole('switch', { name: 'Hide my network address' });
	await hide.check();
	await ana.page.reload();
	await expect(hide).toBeChecked();
	await bob.page.goto('/settings');
	await expect(bob.page.getByRole('switch', { name: 'Hide my network address' })).not.toBeChecked();

	const said: Record<'ana' | 'bob', string[]> = { ana: [], bob: [] };
	for (const [name, { page }] of Object.entries({ ana, bob }))
		page.on('websocket', (socket) =>
			socket.on('framesent', ({ payload }) => {
				if (String(payload).includes('"signal"')) said[name as 'ana' | 'bob'].push(String(payload));
			}),
		);
	await bothInRoom({ ana, bob });
	await button(ana.page, 'Start voice call').click();
	await button(incoming(bob.page, ana, 'Voice'), 'Answer').click();
	// The one who hides nothing offers ways to reach them; the other offers none.
	await expect.poll(() => said.bob.join()).toContain('typ host');
	await expect(screen(ana.page, bob)).toContainText(/No connection|could not be connected/, {
		timeout: 45_000,
	});
	expect(said.ana.join()).toContain('"offer"');
	expect(said.ana.join()).not.toMatch(/typ (host|srflx|prflx)/);
});
