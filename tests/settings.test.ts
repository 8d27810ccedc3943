import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { settingNames } from '../scripts/stack/settings.ts';

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

/** Set by the scripts, not by people. */
const OURS = ['NEON_SQL_ENDPOINT'];

test('.dev.vars.example has every setting that the Worker takes', () => {
	const taken = [...read('worker/env.ts').matchAll(/^\t([A-Z][A-Z0-9_]*)\??: string;$/gm)];
	const asked = [...read('src/lib/server/config.ts').matchAll(/\(env, '([A-Z][A-Z0-9_]*)'/g)];
	const names = [...taken, ...asked].map(([, name]) => name as string).filter((name) => !OURS.includes(name));
	expect(names).toContain('SESSION_SECRET');
	expect(names).toContain('REGISTER_PER_ADDRESS');
	expect(settingNames()).toEqual(expect.arrayContaining(names));
});

test('the README has every setting', () => {
	const readme = read('README.md');
	expect(settingNames().filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
