/** `command="show-modal"` for browsers that do not know it yet. */
export function openDialogs(document: Document): (() => void) | undefined {
	if ('commandForElement' in HTMLButtonElement.prototype) return;
	const open = ({ target }: Event) => {
		const button = target instanceof Element ? target.closest('button[command="show-modal"]') : null;
		const dialog = document.getElementById(button?.getAttribute('commandfor') ?? '');
		if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
	};
	document.addEventListener('click', open);
	return () => document.removeEventListener('click', open);
}
