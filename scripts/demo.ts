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
 * Makes two people who know each other and talk, in the way that people do: through the forms of the running app. What
 * is there already is left as it is.
 * @param origin where the app runs
 * @returns how to log in as each of them
 */
export async function makeDemo(origin: string): Promise<string> {
	const visitors = { ana: new Visitor(origin, PEOPLE.ana), bob: new Visitor(origin, PEOPLE.bob) };
	const { ana, bob } = visitors;
	await ana.enter();
	await bob.enter();
	await ana.answer(PEOPLE.bob, ['invite', 'accept']);
	await bob.answer(PEOPLE.ana, ['accept', 'invite']);
	const room = await ana.roomWith(PEOPLE.bob);
	for (const [index, [speaker, text]] of CONVERSATION.entries())
		// The same id each time: said again, it is still one message.
		await visitors[speaker].post(`/chats/${room}?/send`, { id: `demo-message-${index}`, text });

	const logins = Object.values(PEOPLE).map(({ name, password }) => `  ${name}, password ${password}`);
	return ['Two people who know each other, for two browsers (or one and a private window):', ...logins].join(
		'\n',
	);
}

/** A person with a browser that has no JavaScript. */
class Visitor {
	readonly #origin: string;
	readonly #person: Person;
	readonly #cookies = new Map<string, string>();

	constructor(origin: string, person: Person) {
		this.#origin = origin;
		this.#person = person;
	}

	/** Logs in, or registers when that fails. */
	async enter(): Promise<void> {
		const { name, email, password, about } = this.#person;
		if ((await this.#ask('/login', { login: name, password })).status === 303) return;
		const registered = await this.#ask('/register', { username: name, email, password, about });
		if (registered.status !== 303)
			throw new Trouble(
				`The demo needs an account named ${name}, and that one is taken by somebody with another password.`,
			);
	}

	/** Does the first of these that the search offers beside somebody; nothing when it offers none. */
	async answer(other: Person, actions: string[]): Promise<void> {
		const row = await this.#find(other);
		const action = actions.find((name) => row.includes(`action="?/${name}`));
		const person = /name="person" value="([^"]+)"/.exec(row)?.[1];
		if (action && person) await this.post(`/people?/${action}`, { person });
	}

	async roomWith(other: Person): Promise<string> {
		const room = /href="\/chats\/([^"]+)"/.exec(await this.#find(other))?.[1];
		if (!room) throw new Error(`${this.#person.name} and ${other.name} did not become friends`);
		return room;
	}

	async post(path: string, form: Record<string, string>): Promise<void> {
		const { status, page } = await this.#ask(path, form);
		if (status >= 400)
			throw new Error(`${this.#person.name}: ${path} answered ${status}\n${page.slice(0, 500)}`);
	}

	/** Somebody's entry in the list of people found. */
	async #find({ name }: Person): Promise<string> {
		const { page } = await this.#ask(`/people?q=${name}`);
		const rows = page.match(/<li[\s>][\s\S]*?<\/li>/g) ?? [];
		const row = rows.find((item) => new RegExp(`[>@]${name}<`).test(item.replace(/<!--.*?-->/g, '')));
		if (!row) throw new Error(`${this.#person.name} does not find ${name}`);
		return row;
	}

	async #ask(path: string, form?: Record<string, string>): Promise<{ status: number; page: string }> {
		const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
		const response = await fetch(this.#origin + path, {
			method: form ? 'POST' : 'GET',
			body: form ? new URLSearchParams(form) : null,
			headers: { accept: 'text/html', origin: this.#origin, cookie },
			redirect: 'manual',
		});
		for (const line of response.headers.getSetCookie()) {
			const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
			if (name) this.#cookies.set(name, value ?? '');
		}
		return { status: response.status, page: await response.text() };
	}
}
