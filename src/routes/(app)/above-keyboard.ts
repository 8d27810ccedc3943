/**
 * iOS does not shrink the page for its keyboard, only what is seen of it: this gives the page that height. Elsewhere
 * `interactive-widget=resizes-content` does it, and nothing happens here.
 */
export function aboveKeyboard(element: HTMLElement): (() => void) | undefined {
	const seen = window.visualViewport;
	if (!seen) return;
	const fit = () => {
		// A pinch also makes what is seen smaller, and must stay possible.
		const covered = seen.scale < 1.05 && window.innerHeight - seen.height > 80;
		if (covered) {
			element.style.setProperty('--screen', `${Math.round(seen.height)}px`);
			window.scrollTo(0, 0);
		} else element.style.removeProperty('--screen');
	};
	seen.addEventListener('resize', fit);
	return () => seen.removeEventListener('resize', fit);
}
