/** An unexpected failure as it may be logged. */
export interface Failure {
	name: string;
	message: string;
	frames?: string[];
	cause?: Failure;
}

/**
 * Describes an error for the log. The message of a failed query lists its parameters, among them addresses and password
 * hashes: only the query is kept, and of the stack only the frames.
 */
export function describeFailure(error: unknown, depth = 0): Failure {
	if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
	const query = 'query' in error && typeof error.query === 'string' ? error.query : null;
	const frames = error.stack
		?.split('\n')
		.filter((line) => /^\s+at /.test(line))
		.map((line) => line.trim());
	return {
		name: error.name,
		message: query === null ? error.message : `Failed query: ${query}`,
		...(frames?.length ? { frames } : {}),
		...(error.cause !== undefined && depth < 3 ? { cause: describeFailure(error.cause, depth + 1) } : {}),
	};
}
