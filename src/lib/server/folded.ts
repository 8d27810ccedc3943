/**
 * Text as it is compared in searches: without case and accents, so that `jose` finds José. The database could do
 * neither the same way everywhere: both depend on the locale it was made with.
 */
export function fold(text: string): string {
	return text
		.toWellFormed()
		.normalize('NFKD')
		.replace(/[\u0300-\u036f]/g, '')
		.toLowerCase()
		.replace(/[\s\p{C}]+/gu, ' ')
		.trim();
}

/** What people.search looks through: the username, its parts when it has several, and the name when it is another. */
export function searchable(username: string, name: string): string {
	const folded = fold(username);
	const parts = folded.split(/[.-]+/).filter((part) => part !== '');
	const shown = fold(name);
	return [folded, ...(parts.length > 1 ? parts : []), ...(shown === folded ? [] : [shown])].join(' ');
}
