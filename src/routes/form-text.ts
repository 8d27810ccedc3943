import { error } from '@sveltejs/kit';
import { m } from '#lib/paraglide/messages.js';

/** The form that was sent. What calls itself one and cannot be read is answered with 400. */
export async function formOf(request: Request): Promise<FormData> {
	try {
		return await request.formData();
	} catch {
		error(400, m.error_unknown());
	}
}

/** A text field of a form; empty when it is missing or a file. */
export function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value : '';
}
