import { Trouble } from './stack/say.ts';

const PEOPLE = {
	ana: { name: 'ana', email: 'ana@example.com', password: 'teal-otter-42', about: 'Walks a lot' },
	bob: { name: 'bob', email: 'bob@example.com', password: 'plum-heron-17', about: 'Bakes bread' },
};
type Person = (typeof PEOPLE)[keyof typeof PEOPLE];

const CONVERSATION: [keyof typeof PEOPLE, string][] = [
	['ana', 'Bob! You are here too.'],
	['bob', 'Since this morning. Nobody can write to me whom I have not said yes to, I like that.'],
	['ana', 'Shall we walk on Sunday? The weather looks fine.'],
	['bob', 'Yes! Ten o’clock at the bridge? I’ll bring bread 🍞'],
	['ana', 'See you there.'],
];

/**
 * Makes two people who know each other and talk, through the JSON API of the running app. What is there already is left as it is.
 * @param origin where the app runs
 * @returns how to log in as each of them
 */
export async function makeDemo(origin: string): Promise<string> {
	const ana = await Visitor.enter(origin, PEOPLE.ana);
	const bob = await Visitor.enter(origin, PEOPLE.bob);
	// Inviting somebody who has invited you accepts; friends already is as good.
	await ana.ask('PUT', `/api/invitations/${bob.id}`, undefined, [409]);
	await bob.ask('PUT', `/api/invitations/${ana.id}`, undefined, [409]);
	for (const [index, [speaker, text]] of CONVERSATION.entries()) {
		const [from, to] = speaker === 'ana' ? [ana, bob] : [bob, ana];
		// The same id each time: said again, it is still one message.
		const path = `/api/rooms/${from.id}_${to.id}/messages/demo-message-${index}`;
		await from.ask('PUT', path, { body: { kind: 'text', text } });
	}

	const logins = Object.values(PEOPLE).map(({ name, password }) => `  ${name}, password ${password}`);
	return ['Two people who know each other, for two browsers (or one and a private window):', ...logins].join(
		'\n',
	);
}

interface Entered {
	person: { id: string };
	tokens: { access: string };
}

/** A person at a client of the API. */
class Visitor {
	readonly #origin: string;
	readonly #access: string;
	readonly id: string;

	private constructor(origin: string, { person, tokens }: Entered) {
		this.#origin = origin;
		this.#access = tokens.access;
		this.id = person.id;
	}

	/** Logs in, or registers when that fails. */
	static async enter(origin: string, { name, email, password, about }: Person): Promise<Visitor> {
		const known = await ask(`${origin}/api/login`, 'POST', { login: name, password });
		if (known.ok) return new Visitor(origin, (await known.json()) as Entered);
		const registered = await ask(`${origin}/api/register`, 'POST', {
			username: name,
			email,
			password,
			about,
		});
		if (!registered.ok)
			throw new Trouble(
				`The demo needs an account named ${name}, and that one is taken by somebody with another password.`,
			);
		return new Visitor(origin, (await registered.json()) as Entered);
	}

	/** @param fine statuses beside success that are no failure */
	async ask(method: string, path: string, body?: object, fine: number[] = []): Promise<void> {
		const response = await ask(this.#origin + path, method, body, this.#access);
		if (!response.ok && !fine.includes(response.status))
			throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
	}
}

function ask(url: string, method: string, body?: object, access?: string): Promise<Response> {
	return fetch(url, {
		method,
		headers: { 'content-type': 'application/json', ...(access && { authorization: `Bearer ${access}` }) },
		body: body ? JSON.stringify(body) : null,
	});
}
