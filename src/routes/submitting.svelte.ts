import type { SubmitFunction } from '@sveltejs/kit';
import { tick } from 'svelte';

/**
 * What every form of ours does with `use:enhance`: sent once however often it is pressed, keeps what was typed when it
 * is refused, and then puts the cursor where something must be changed.
 */
export function submitting(options: { reset?: boolean } = {}) {
	let busy = $state(false);
	const enhance: SubmitFunction = ({ formElement, cancel }) => {
		if (busy) return cancel();
		busy = true;
		return async ({ result, update }) => {
			await update({ reset: (options.reset ?? false) && result.type === 'success' });
			busy = false;
			if (result.type !== 'failure') return;
			await tick();
			formElement.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
		};
	};
	return {
		enhance,
		get busy() {
			return busy;
		},
	};
}
