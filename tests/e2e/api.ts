import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from './fixtures.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- what it is was checked against the document before anybody reads it
type Json = Record<string, any>;
interface Spec {
	paths: Record<
		string,
		Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
	>;
}

export interface Answer {
	status: number;
	body: Json;
	headers: Headers;
}

/** A client of the JSON API that believes no answer which the served OpenAPI document does not describe. */
export class Api {
	readonly #base: string;
	readonly #spec: Spec;
	readonly #ajv = new Ajv2020({ strict: false, validateFormats: false });
	readonly #checks = new Map<object, ValidateFunction>();
	/** The operations that were called, as `get /api/me`. */
	readonly called = new Set<string>();

	private constructor(base: string, spec: Spec) {
		this.#base = base;
		this.#spec = spec;
	}

	static async at(base: string): Promise<Api> {
		const response = await fetch(`${base}/api/openapi.json`);
		expect(response.status).toBe(200);
		return new Api(base, (await response.json()) as Spec);
	}

	get operations(): string[] {
		return Object.entries(this.#spec.paths).flatMap(([path, item]) =>
			Object.keys(item).map((method) => `${method} ${path}`),
		);
	}

	/** @param operation as in the document: `put /api/invitations/{person}` */
	async call(
		operation: string,
		given: {
			path?: Record<string, string>;
			query?: Record<string, string>;
			body?: unknown;
			token?: string | undefined;
			headers?: Record<string, string>;
		} = {},
	): Promise<Answer> {
		const [method = '', template = ''] = operation.split(' ');
		const described = this.#spec.paths[template]?.[method];
		if (!described) throw new Error(`${operation} is not in the document`);
		this.called.add(operation);
		const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
			encodeURIComponent(given.path?.[name] ?? ''),
		);
		const query = given.query ? `?${new URLSearchParams(given.query)}` : '';
		const response = await fetch(this.#base + path + query, {
			method: method.toUpperCase(),
			headers: {
				...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
				...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
				...given.headers,
			},
			...(given.body === undefined
				? {}
				: { body: typeof given.body === 'string' ? given.body : JSON.stringify(given.body) }),
		});
		const text = await response.text();
		const where = `${operation} answered ${response.status} ${text.slice(0, 400)}`;
		const answer = described.responses[String(response.status)];
		expect(answer, `${where}: not described`).toBeDefined();
		const [type, content] = Object.entries(answer?.content ?? {})[0] ?? [];
		if (!content || !type) {
			expect(text, where).toBe('');
			return { status: response.status, body: {}, headers: response.headers };
		}
		expect(response.headers.get('content-type'), where).toContain(type);
		const body = JSON.parse(text) as Json;
		const check = this.#checks.get(content.schema) ?? this.#ajv.compile(content.schema);
		this.#checks.set(content.schema, check);
		expect(check(body) || check.errors, where).toBe(true);
		return { status: response.status, body, headers: response.headers };
	}

	/** Registers somebody and says how to call in their name. */
	async register(person: { name: string; email: string; password: string }): Promise<Client> {
		const { status, body } = await this.call('post /api/register', {
			body: { username: person.name, email: person.email, password: person.password },
		});
		expect(status).toBe(201);
		return {
			id: body.person.id,
			tokens: body.tokens,
			call: (operation, given) => this.call(operation, { token: body.tokens.access, ...given }),
		};
	}
}

export interface Client {
	id: string;
	tokens: { access: string; refresh: string };
	call: Api['call'];
}
