import { toJsonSchema } from '@valibot/to-json-schema';
import { OPERATIONS, problem, type Operation } from './contract.ts';

/** The OpenAPI 3.1 document of the API. Made while building, and served as a file. */
export function openapi(): Record<string, unknown> {
	const paths: Record<string, Record<string, unknown>> = {};
	for (const operation of OPERATIONS) {
		(paths[operation.path] ??= {})[operation.method] = describe(operation);
	}
	return {
		openapi: '3.1.0',
		info: {
			title: 'Kith',
			version: '1',
			description: 'A room for every friend. See docs/api.md, and docs/protocol.md for the sockets.',
		},
		paths,
		components: {
			securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
		},
	};
}

function describe(operation: Operation): Record<string, unknown> {
	const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
		name,
		in: 'path',
		required: true,
		schema: { type: 'string' },
	}));
	const inQuery = Object.entries(operation.query ?? {}).map(([name, description]) => ({
		name,
		in: 'query',
		description,
		schema: { type: 'string' },
	}));
	const responses: Record<string, unknown> = {};
	for (const [status, schema] of Object.entries(operation.answers)) {
		responses[status] = schema
			? { description: 'Done', content: { 'application/json': { schema: toSchema(schema) } } }
			: { description: 'Done' };
	}
	for (const status of [
		400,
		...(operation.open ? [] : [401]),
		413,
		500,
		503,
		...(operation.problems ?? []),
	]) {
		responses[status] = {
			description: 'A problem (RFC 9457)',
			content: { 'application/problem+json': { schema: toSchema(problem) } },
		};
	}
	// A wrong password or refresh token is answered like a missing one.
	if (operation.path === '/api/login' || operation.path === '/api/refresh') responses[401] = responses[400];
	return {
		summary: operation.summary,
		...(operation.open ? {} : { security: [{ bearer: [] }] }),
		parameters: [...inPath, ...inQuery],
		...(operation.takes
			? {
					requestBody: {
						required: true,
						content: { 'application/json': { schema: toSchema(operation.takes) } },
					},
				}
			: {}),
		responses,
	};
}

/** What a schema says of its input; the checks that JSON Schema cannot express are left to the server. */
function toSchema(schema: Parameters<typeof toJsonSchema>[0]): Record<string, unknown> {
	const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'input' });
	return rest;
}
