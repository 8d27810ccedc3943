import { signTask, type Task } from '#lib/server/operator-token.ts';
import { Trouble } from './say.ts';
import { port, readSettings } from './settings.ts';

/**
 * Where a Kith runs: the one of `npm start` on this machine, unless an address is given.
 * @throws Trouble when that is no address, or one to which nothing secret should be sent
 */
export function addressOf(given: string | undefined): URL {
	const address = given ?? `http://localhost:${port('PORT', 8787)}`;
	if (!URL.canParse(address)) throw new Trouble(`${address} is no address.`);
	const url = new URL(address);
	const here = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
	if (url.protocol !== 'https:' && !here)
		throw new Trouble('Use https: what is sent there lets others ask the same for some minutes.');
	return url;
}

/**
 * Asks a Kith that runs for something that only whoever runs it may ask: signed with SESSION_SECRET, which must be its own.
 * @throws Trouble when it does not answer, or refuses
 */
export async function operate(address: URL, path: string, task: Task, body: object): Promise<Response> {
	const secret = readSettings().SESSION_SECRET;
	if (!secret) throw new Trouble('SESSION_SECRET is not set: use that of the Kith that you ask.');
	const token = await signTask(new TextEncoder().encode(secret.trim()), task, new Date());
	const url = new URL(path, address);
	let answer: Response;
	try {
		answer = await fetch(url, {
			method: 'POST',
			headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
	} catch {
		throw new Trouble(`Nothing answers at ${url.origin}: is Kith running there?`);
	}
	if (answer.status === 401)
		throw new Trouble(`The Kith at ${url.origin} has another SESSION_SECRET than this one.`);
	if (!answer.ok) throw new Trouble(`${url.origin} answered ${answer.status}: ${await answer.text()}`);
	return answer;
}
