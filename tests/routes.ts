import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../scripts/stack/settings.ts';

/*
 * What the app answers to, as its sources say it: `GET /chats/[room]`, `POST /chats/[room]?/send`, `GET /ws/chat/:room`.
 */

// By a name that is put together, so that the checker of these files does not take the Worker's types for theirs.
const worker = '../worker';
const { createApp } = (await import(`${worker}/app.ts`)) as {
	createApp(parts: { pages: object }): { routes: { method: string; path: string }[] };
};

const routesFolder = join(root, 'src/routes');
/** Every file of src/routes, named from there. */
export const sources = readdirSync(routesFolder, { recursive: true, encoding: 'utf8' }).map((path) =>
	path.replaceAll('\\', '/'),
);
export const read = (path: string): string => readFileSync(join(routesFolder, path), 'utf8');

/** The address of what a file of src/routes answers, with its parameters in brackets. */
function addressOf(file: string): string {
	const folder = file.split('/').slice(0, -1);
	return `/${folder.filter((part) => !/^\(.*\)$/.test(part)).join('/')}`;
}

/** Names of the form actions of a page: what stands one step in, inside `…actions`, there and in what it takes them from. */
function actionsOf(file: string): string[] {
	const source = read(file);
	const shared = [...source.matchAll(/from '([./\w-]+-actions\.ts)'/g)].map(([, from]) =>
		read(join(dirname(file), from!)),
	);
	return [source, ...shared].flatMap((text) => {
		const [, actions = ''] = /\b\w*[aA]ctions\b[^=]*= \{\n([\s\S]*?)\n\}/.exec(text) ?? [];
		return [...actions.matchAll(/^\t(?:async )?(\w+)[:(,]/gm)].map(([, name]) => name!);
	});
}

/** What the pages answer to: pages themselves, form actions (the default one has no name), endpoints. */
export function operationsOfPages(): string[] {
	return sources.flatMap((file) => {
		const address = addressOf(file);
		const name = file.split('/').at(-1);
		if (name === '+page.svelte') return [`GET ${address}`];
		if (name === '+page.server.ts')
			return actionsOf(file).map((action) => `POST ${address}${action === 'default' ? '' : `?/${action}`}`);
		if (name !== '+server.ts') return [];
		const exported = read(file).matchAll(/^export (?:const|function|async function) ([A-Z]+|fallback)\b/gm);
		return [...exported].map(([, method]) => `${method} ${address}`);
	});
}

/** What the outer Worker answers to before the pages. */
export function operationsOfWorker(): string[] {
	return createApp({ pages: {} })
		.routes.filter(({ path }) => path !== '/*' && path !== '*')
		.map(({ method, path }) => `${method} ${path}`);
}

/** Every address, also those of the data of pages. */
export function addresses(): string[] {
	const paths = [...operationsOfPages(), ...operationsOfWorker()].map(
		(operation) => operation.split(' ')[1]!,
	);
	const data = operationsOfPages()
		.filter((operation) => operation.startsWith('GET ') && !operation.startsWith('GET /api'))
		.map((operation) => `${operation.slice('GET '.length).replace(/\/$/, '')}/__data.json`);
	return [...new Set([...paths, ...data])].sort();
}
