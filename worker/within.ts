/** The answer to a call, or a failure after some ms. Leaves no timer behind: one would keep an object from sleeping. */
export async function within<T>(ms: number, answer: PromiseLike<T>): Promise<T> {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms.`)), ms);
	});
	try {
		return await Promise.race([answer, late]);
	} finally {
		clearTimeout(timer);
	}
}
