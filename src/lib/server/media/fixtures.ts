import { readFileSync } from 'node:fs';

/** A file of tests/fixtures/media. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
	return new Uint8Array(readFileSync(`tests/fixtures/media/${name}`));
}
