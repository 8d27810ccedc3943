import { expect, it } from 'vitest';
import type { Preview } from '#lib/chat/summary.ts';
import { previewWords } from './line-words.ts';

const ana = 'ana00000';
const bob = 'bob00000';

it.each<[Preview, string, string]>([
	[{ kind: 'text', text: 'hello' }, 'hello', 'You: hello'],
	[{ kind: 'photo' }, 'Photo', 'You: Photo'],
	[{ kind: 'photo', caption: 'The garden' }, 'The garden', 'You: The garden'],
	[{ kind: 'clip' }, 'Video', 'You: Video'],
	[{ kind: 'clip', caption: 'The sea' }, 'The sea', 'You: The sea'],
	[{ kind: 'voice', duration: 12_900 }, 'Voice message, 0:12', 'You: Voice message, 0:12'],
	[{ kind: 'deleted' }, 'Message deleted', 'You: Message deleted'],
	[{ kind: 'call', call: 'voice', outcome: 'finished', duration: 65_000 }, 'Call, 1:05', 'Call, 1:05'],
	[{ kind: 'call', call: 'video', outcome: 'missed', duration: 0 }, 'Missed call', 'No answer'],
	[{ kind: 'call', call: 'video', outcome: null, duration: 0 }, 'Call in progress', 'Call in progress'],
])('the list says of %o: %s, and of mine: %s', (preview, theirs, mine) => {
	expect(previewWords({ from: bob, preview }, ana)).toBe(theirs);
	expect(previewWords({ from: ana, preview }, ana)).toBe(mine);
});
