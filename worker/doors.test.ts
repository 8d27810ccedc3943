import { env } from 'cloudflare:workers';
import { createExecutionContext, createScheduledController } from 'cloudflare:test';
import { afterEach, expect, test, vi } from 'vitest';
import { CLOSE } from '#lib/chat/protocol.ts';
import * as friends from '#lib/server/friends.ts';
import * as invitations from '#lib/server/invitations.ts';
import { signTask, type Task } from '#lib/server/operator-token.ts';
import * as people from '#lib/server/people.ts';
import * as sessions from '#lib/server/sessions.ts';
import { door } from './session.ts';
import { tell } from './sweep.ts';
import worker from './test-entry.ts';
import { knock, ORIGIN, register, Tab } from './testing.ts';

/** D4, through the real doors: who is let in, and who is put out when something ends. */

afterEach(() => vi.restoreAllMocks());

let pairs = 0;
async function befriend() {
	const { db, config } = door(env);
	pairs++;
	const [ana, bob] = [await register(`ana-door${pairs}`), await register(`bob-door${pairs}`)];
	await invitations.invite(db, ana.id, bob.id, new Date());
	const accepted = await invitations.accept(db, bob.id, ana.id, new Date());
	if (!accepted.ok) throw new Error('not accepted');
	await sweep();
	const opened = await sessions.open(db, config, ana.id, 'a phone', new Date());
	return { db, config, ana, bob, phone: opened, room: `/ws/chat/${accepted.room}`, name: accepted.room };
}

const sweep = () => worker.scheduled(createScheduledController(), env);
const asks = (path: string, { access }: { access: string }) =>
	knock(path, { 'sec-websocket-protocol': `kith.v1, bearer.${access}` });
async function enter(path: string, who: { access: string }): Promise<Tab> {
	const answer = await asks(path, who);
	if (!answer.webSocket) throw new Error(`No socket: ${answer.status} ${await answer.text()}`);
	return new Tab(answer.webSocket);
}
const isOpen = (tab: Tab) => tab.settle().then(() => true);

test('D4: a device that is logged out is thrown out of its rooms at once, and its token opens nothing', async () => {
	const { db, ana, bob, phone, room } = await befriend();
	const [here, there, his] = [await enter(room, ana), await enter(room, phone), await enter(room, bob)];
	const inbox = (await asks('/ws/inbox', phone)).webSocket!;
	inbox.accept();
	const gone = new Promise<number>((done) => inbox.addEventListener('close', ({ code }) => done(code)));

	await sessions.end(db, phone.session);
	await tell(env, ana.id);
	expect(await there.closed).toEqual({ code: CLOSE.session_revoked.code, reason: 'session_revoked' });
	expect(await gone).toBe(CLOSE.session_revoked.code);
	for (const path of [room, '/ws/inbox']) expect((await asks(path, phone)).status).toBe(401);
	expect(await isOpen(here)).toBe(true);
	expect(await isOpen(his)).toBe(true);
	expect((await asks(room, ana)).status).toBe(101);
});

test('D4: an old refresh token at the door closes what its session has open', async () => {
	const { config, db, phone, room } = await befriend();
	const tab = await enter(room, phone);
	const later = (seconds: number) => new Date(Date.now() + seconds * 1000);
	const second = await sessions.renew(db, config, phone.refresh, later(60));
	if (second.kind !== 'rotated') throw new Error(second.kind);
	await sessions.renew(db, config, second.tokens.refresh, later(120));
	const answer = await knock(room, { cookie: `__Host-kith-refresh=${phone.refresh}` });
	expect(answer.status).toBe(401);
	expect((await tab.closed).code).toBe(CLOSE.session_revoked.code);
});

test('D4: a suspended person is put out everywhere, and comes back by logging in once it is lifted', async () => {
	const { db, config, ana, bob, phone, room } = await befriend();
	const tabs = [await enter(room, ana), await enter(room, phone)];
	const his = await enter(room, bob);
	const { username } = (await people.me(db, ana.id))!;
	await people.suspend(db, username, true, new Date());
	await sweep();
	for (const tab of tabs) expect((await tab.closed).code).toBe(CLOSE.suspended.code);
	for (const who of [ana, phone]) expect((await asks(room, who)).status).toBe(401);
	expect(await isOpen(his)).toBe(true);

	await people.suspend(db, username, false, new Date());
	await sweep();
	expect((await asks(room, ana)).status).toBe(401);
	const again = await sessions.open(db, config, ana.id, 'a phone', new Date());
	await enter(room, again);
});

test('D4: the operator has what was suspended closed at once, and nobody else has anything told', async () => {
	const { db, config, ana, bob, room } = await befriend();
	const tab = await enter(room, ana);
	const { username } = (await people.me(db, ana.id))!;
	await people.suspend(db, username, true, new Date());
	const operate = async (token: string | null) => {
		const ctx = createExecutionContext();
		const headers: HeadersInit = token === null ? {} : { authorization: `Bearer ${token}` };
		const request = new Request(`${ORIGIN}/operator/notices`, { method: 'POST', headers, body: '{}' });
		return (await worker.fetch(request, env, ctx)).status;
	};
	const sign = (task: Task) => signTask(config.sessionSecret, task, new Date());
	for (const token of [null, 'x.y.z', bob.access, await sign('archive:verify')])
		expect(await operate(token)).toBe(401);
	expect(await isOpen(tab)).toBe(true);
	expect(await operate(await sign('notices:tell'))).toBe(204);
	expect((await tab.closed).code).toBe(CLOSE.suspended.code);
});

test('D4: a friendship that ends closes the room for both, and opens it no more', async () => {
	const { db, ana, bob, room, name } = await befriend();
	const tabs = [await enter(room, ana), await enter(room, bob)];
	await friends.end(db, bob.id, name, new Date());
	await tell(env, name);
	for (const tab of tabs)
		expect(await tab.closed).toEqual({ code: CLOSE.friendship_ended.code, reason: 'friendship_ended' });
	for (const who of [ana, bob]) expect((await asks(room, who)).status).toBe(403);
	expect((await asks('/ws/inbox', ana)).status).toBe(101);
});

test('D4: whoever was let in just before their session ended is stopped at the room', async () => {
	const { ana, phone, name } = await befriend();
	const room = env.ROOMS.getByName(name);
	await room.revoke(ana.id, phone.session, 'session_revoked');
	const headers = {
		upgrade: 'websocket',
		'x-kith-person': ana.id,
		'x-kith-session': phone.session,
		'x-kith-device': 'device00',
		'x-kith-room': name,
	};
	expect((await room.fetch('http://room/', { headers })).status).toBe(401);
});
