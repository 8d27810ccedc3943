/**
 * For `vite dev` only: the pages reach the objects in another process, where a binding with `script_name` would lose the
 * object's name, which is what tells a room its members. So each namespace becomes calls of one entrypoint (worker/dev.ts).
 */

/** Bindings of Durable Objects that pages use. */
const NAMESPACES = ['ROOMS', 'INBOXES'];

/**
 * The adapter, with a `platform` that has the objects while developing. Building is untouched.
 * @param {import('@sveltejs/kit').Adapter} adapter
 * @returns {import('@sveltejs/kit').Adapter}
 */
export function withObjects(adapter) {
	return {
		...adapter,
		async emulate() {
			const emulator = await adapter.emulate?.();
			/** @type {object | undefined} */
			let made;
			return {
				...emulator,
				async platform(details) {
					const platform = await emulator?.platform?.(details);
					if (!platform || details.prerender) return platform;
					// The same each time: what is made once per environment is kept by it.
					made ??= { ...platform, env: { ...platform.env, ...namespaces(platform.env.OBJECTS) } };
					return made;
				},
			};
		},
	};
}

/** @param {{ call(binding: string, name: string, method: string, args: unknown[]): Promise<string> }} objects */
export function namespaces(objects) {
	return Object.fromEntries(
		NAMESPACES.map((binding) => [
			binding,
			{ getByName: (/** @type {string} */ name) => stub(objects, binding, name) },
		]),
	);
}

function stub(objects, binding, name) {
	return new Proxy(
		{},
		{
			// Without `then`: else awaiting the stub would call the object.
			get: (_, method) =>
				method === 'then' || typeof method !== 'string'
					? undefined
					: async (...args) => JSON.parse(await objects.call(binding, name, method, args)).result,
		},
	);
}
