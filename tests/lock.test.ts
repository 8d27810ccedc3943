import { expect, test } from 'vitest';
import { missingEntries, readLock, type Lock } from '../scripts/lock.ts';

test('package-lock.json has the native packages of every platform: otherwise run `npm run lock`', () => {
	expect(Object.keys(missingEntries(readLock()))).toEqual([]);
});

test('a package that npm left out is noticed, and put beside its siblings', () => {
	const optionalDependencies = { '@x/linux-x64-musl': '1.0.0', '@x/darwin-arm64': '1.0.0' };
	const lock: Lock = {
		packages: {
			'node_modules/a/node_modules/x': { version: '1.0.0', dev: true, optionalDependencies },
			'node_modules/a/node_modules/@x/linux-x64-musl': { version: '1.0.0' },
			'node_modules/@x/darwin-arm64': { version: '0.9.0' },
		},
	};
	expect(missingEntries(lock)).toEqual({
		'node_modules/a/node_modules/@x/darwin-arm64': {
			version: '1.0.0',
			cpu: ['arm64'],
			dev: true,
			optional: true,
			os: ['darwin'],
		},
	});
});
