import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

/*
 * Which part of the project may import which: docs/architecture.md, "The tree". Types count too.
 */

const root = join(import.meta.dirname, '..');

/** What is in `from` may import nothing in `to`, save for `but`. */
interface Rule {
	from: RegExp;
	to: RegExp;
	but?: RegExp;
	because: string;
}

const tests = /(\.test|\/testing|\/vitest\.\w+)\.ts$/;

const RULES: Rule[] = [
	{
		from: /^src\/lib\/chat\//,
		to: /./,
		but: /^src\/lib\/chat\/|^valibot$/,
		because: 'lib/chat is pure: it imports the schema library and itself',
	},
	{
		from: /^src\//,
		to: /^worker\/|^\.svelte-kit\/|^cloudflare:/,
		because: 'pages know the objects by lib/chat/rpc.ts alone, and run without them',
	},
	{ from: /^(src|worker)\//, to: /^scripts\//, because: 'what is shipped does not need the scripts' },
	{
		from: /^src\/lib\/(client|components|format)\//,
		to: /^src\/lib\/server\/|^\$env\//,
		because: 'the browser has no server code',
	},
	{
		from: /^src\/lib\/components\//,
		to: /^src\/lib\/client\/(socket|room-session|inbox|outbox)\b/,
		because: 'components are given what they show: they open no connections',
	},
	{
		from: /^src\/.*\.svelte$/,
		to: /^src\/lib\/server\//,
		because: 'pages get what they show from their load function',
	},
	{
		from: /^src\/lib\/server\//,
		to: /^\$app\/|^\$env\/|^\$lib\/|^svelte|^@sveltejs\/|^src\/(?!lib\/(chat|server)\/)/,
		because: 'lib/server is portable: the worker bundles it too',
	},
	{
		from: /^worker\//,
		to: /^\$app\/|^\$env\/|^\$lib\/|^svelte|^@sveltejs\/|^src\/(?!lib\/(chat|server)\/)/,
		because: 'the worker shares lib/chat and lib/server with the pages, and nothing else',
	},
	{
		from: /^worker\/(?!index\.ts$)/,
		to: /^\.svelte-kit\//,
		because: 'only worker/index.ts puts pages and worker together',
	},
	{
		from: /^worker\/(?<noun>[a-z]+)\/(\k<noun>|\k<noun>-store|\k<noun>-schema|flood)\.ts$/,
		to: /./,
		but: /^src\/lib\/chat\/|^worker\/[a-z]+\/[a-z-]+(?<!-object)\.ts$|^valibot$/,
		because: 'the rules of an object know no platform, no database and no shell',
	},
	{
		from: /^(src|worker)\//,
		to: /^\$lib\/|^svelte\/store$/,
		because: 'one way to import shared code: #lib; and no stores',
	},
];

interface Import {
	from: string;
	to: string;
}

/** Everything a file imports, `import('…')` included, as paths in the project or names of packages. */
function importsOf(path: string, text: string): Import[] {
	const code = path.endsWith('.svelte')
		? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, script]) => script).join('\n')
		: text;
	return ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => ({
		from: path,
		to: fileName.startsWith('.')
			? posix.join(posix.dirname(path), fileName)
			: fileName.replace(/^#lib\//, 'src/lib/'),
	}));
}

function violations(imports: Import[]): string[] {
	return imports.flatMap(({ from, to }) =>
		RULES.filter(
			(rule) => !tests.test(from) && rule.from.test(from) && rule.to.test(to) && !rule.but?.test(to),
		).map(({ because }) => `${from} imports ${to}: ${because}`),
	);
}

function filesIn(folder: string): string[] {
	return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && /\.(ts|js|svelte)$/.test(entry.name))
		.map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
		.filter((path) => !path.startsWith('src/lib/paraglide/'));
}

const files = [...filesIn('src'), ...filesIn('worker')];
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('arrows point left only', () => {
	test('nothing imports what it must not', () => {
		const imports = files.flatMap((path) => importsOf(path, read(path)));
		expect(imports.length).toBeGreaterThan(50);
		expect(violations(imports)).toEqual([]);
	});

	test('event.platform is touched in hooks.server.ts alone', () => {
		const touch = /\bevent\.platform\b|[{,]\s*platform\s*[,}]/;
		const touching = files.filter((path) => path.startsWith('src/') && touch.test(read(path)));
		expect(touching).toEqual(['src/hooks.server.ts']);
	});
});

describe('the check itself', () => {
	const planted: [string, string][] = [
		['src/lib/chat/message.ts', "import * as people from '#lib/server/people.ts';"],
		['src/lib/chat/message.ts', "import { Hono } from 'hono';"],
		['src/lib/chat/message.ts', "export * from '../client/socket.ts';"],
		['src/routes/+page.server.ts', "import { Room } from '../../worker/room/room-object.ts';"],
		[
			'src/routes/(app)/chats/+page.svelte',
			'<script lang="ts">\n\timport type { Room } from \'../../../../worker/room/room-object.ts\';\n</script>',
		],
		['src/lib/client/socket.ts', "import { env } from 'cloudflare:workers';"],
		['src/lib/client/socket.ts', "const people = await import('#lib/server/people.ts');"],
		['src/lib/components/Bubble.svelte', "<script>import { find } from '../server/people.ts';</script>"],
		[
			'src/lib/components/Bubble.svelte',
			"<script module>import { open } from '#lib/client/socket.ts';</script>",
		],
		[
			'src/routes/(app)/people/+page.svelte',
			"<script>import * as people from '#lib/server/people.ts';</script>",
		],
		['src/lib/server/people.ts', "import { env } from '$env/dynamic/private';"],
		['src/lib/server/people.ts', "import { error } from '@sveltejs/kit';"],
		['src/lib/server/people.ts', "import { page } from '$app/state';"],
		['src/lib/server/people.ts', "let x: import('../client/socket.ts').Socket;"],
		['worker/app.ts', "import { RoomSession } from '#lib/client/room-session.svelte.ts';"],
		['worker/app.ts', "import pages from '../.svelte-kit/cloudflare/_worker.js';"],
		['worker/room/room.ts', "import { DurableObject } from 'cloudflare:workers';"],
		['worker/room/room.ts', "import * as friends from '#lib/server/friends.ts';"],
		['worker/room/room-store.ts', "import { Room } from './room-object.ts';"],
		['worker/index.ts', "import { step } from '../scripts/stack/say.ts';"],
		['src/hooks.server.ts', "import { writable } from 'svelte/store';"],
		['src/hooks.server.ts', "import { read } from '$lib/server/config.ts';"],
	];
	test.each(planted)('finds what is planted in %s: %s', (path, text) => {
		expect(violations(importsOf(path, text))).not.toEqual([]);
	});

	const allowed: [string, string][] = [
		['src/lib/chat/message.ts', "import * as v from 'valibot';\nimport { TEXT_MAX } from './limits.ts';"],
		['src/lib/chat/message.ts', "// import { env } from '$env/static/private';"],
		[
			'src/lib/server/people.ts',
			"import { scrypt } from 'node:crypto';\nimport { roomName } from '#lib/chat/room-name.ts';",
		],
		['src/routes/+page.server.ts', "import * as people from '#lib/server/people.ts';"],
		['worker/index.ts', "import pages from '../.svelte-kit/cloudflare/_worker.js';"],
		['worker/room/room.ts', "import type { RoomStore } from './room-store.ts';"],
		['worker/room/room-object.ts', "import * as friends from '#lib/server/friends.ts';"],
		['src/lib/components/Bubble.svelte', "<script>import Avatar from './Avatar.svelte';</script>"],
	];
	test.each(allowed)('lets through what is allowed in %s: %s', (path, text) => {
		expect(violations(importsOf(path, text))).toEqual([]);
	});
});
