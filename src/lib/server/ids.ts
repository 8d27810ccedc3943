const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new id: opaque, unguessable (103 bits), lower-case letters and digits, as `isPersonId` wants it. */
export function newId(length = 20): string {
	let id = '';
	while (id.length < length) {
		for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
			// 252 is the last multiple of 36: what lies above would make some letters likelier than others.
			if (byte < 252 && id.length < length) id += ALPHABET[byte % ALPHABET.length];
		}
	}
	return id;
}
