import { expect, test } from 'vitest';
import { readIdentity, withIdentity } from './identity.ts';
import { ana, bob, eve } from './testing.ts';

const who = { person: ana, session: 'session-of-ana', device: 'tab-00001', room: `${ana}_${bob}` };

test('D3: what the client sent under our names is overwritten, and nothing else of ours is believed', () => {
	const sent = new Headers({
		'X-Kith-Person': eve,
		'x-kith-room': 'x',
		'X-KITH-ADMIN': '1',
		upgrade: 'websocket',
	});
	const headers = withIdentity(sent, who);
	expect(readIdentity(headers)).toEqual(who);
	expect([...headers.keys()].sort()).toEqual([
		'upgrade',
		'x-kith-device',
		'x-kith-person',
		'x-kith-room',
		'x-kith-session',
	]);
});

test('secrets stay at the door', () => {
	const sent = new Headers({
		cookie: 'a=b',
		authorization: 'Bearer x',
		'sec-websocket-protocol': 'bearer.x',
	});
	expect([...withIdentity(sent, who).values()].join()).not.toMatch(/a=b|earer/);
});

test('headers that our routes did not write are not believed', () => {
	const written = withIdentity(new Headers(), who);
	for (const name of ['person', 'session', 'device']) {
		const headers = new Headers(written);
		headers.delete(`x-kith-${name}`);
		expect(() => readIdentity(headers)).toThrow();
	}
	written.delete('x-kith-room');
	expect(readIdentity(written).room).toBeNull();
	written.set('x-kith-person', 'Not A Person');
	expect(() => readIdentity(written)).toThrow();
});
