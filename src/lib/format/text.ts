/** How a text of a person is drawn: links in it, and whether it is nothing but emoji. */

export type Piece = string | { href: string };

const LINK = /\bhttps?:\/\/[^\s<>"]+/giu;

/** Cuts a text into plain pieces and web addresses. Joined again, the pieces are the text. */
export function pieces(text: string): Piece[] {
	const found: Piece[] = [];
	let done = 0;
	for (const match of text.matchAll(LINK)) {
		const href = withoutTrail(match[0]);
		if (!URL.canParse(href)) continue;
		if (match.index > done) found.push(text.slice(done, match.index));
		found.push({ href });
		done = match.index + href.length;
	}
	if (done < text.length) found.push(text.slice(done));
	return found;
}

/** An address at the end of a sentence: the full stop is not part of it, a bracket only if it was opened inside. */
function withoutTrail(url: string): string {
	let end = url.length;
	while (end > 0) {
		const last = url[end - 1] ?? '';
		const kept = url.slice(0, end);
		if (/[.,;:!?'"’”…*_~]/.test(last)) end--;
		else if (last === ')' && count(kept, ')') > count(kept, '(')) end--;
		else if (last === ']' && count(kept, ']') > count(kept, '[')) end--;
		else break;
	}
	return url.slice(0, end);
}

const count = (text: string, of: string) => text.split(of).length - 1;

const EMOJI =
	/(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})*(?:[\u{E0020}-\u{E007F}]+)?(?:\u200D\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})*)*)/gu;

/** How many emoji a text consists of, or 0 when there is anything else in it. */
export function emojiOnly(text: string): number {
	const close = text.replace(/\s+/g, '');
	if (close.length === 0 || close.length > 64) return 0;
	const found = close.match(EMOJI) ?? [];
	return found.join('') === close ? found.length : 0;
}
