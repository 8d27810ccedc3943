import { m } from '#lib/paraglide/messages.js';

/** A picture as it is looked at alone. */
export interface Viewed {
	/** The message's key. */
	key: string;
	src: string;
	width: number;
	height: number;
	alt: string;
}

/**
 * Opens the room's pictures over the page, beginning with one of them: zoom, swipe, keyboard, download. The library is
 * loaded with the first picture that is opened.
 * @param from the small picture that was clicked: it grows out of it, and the focus returns to it
 */
export async function openLightbox(pictures: Viewed[], key: string, from: HTMLElement): Promise<void> {
	const [{ default: PhotoSwipe }] = await Promise.all([import('photoswipe'), import('photoswipe/style.css')]);
	const index = Math.max(
		0,
		pictures.findIndex((picture) => picture.key === key),
	);
	const thumbnail = from.querySelector('img') ?? from;
	const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
	const viewer = new PhotoSwipe({
		dataSource: pictures.map(({ src, width, height, alt }, at) => ({
			src,
			width,
			height,
			alt,
			...(at === index
				? { element: from, ...(thumbnail instanceof HTMLImageElement ? { msrc: thumbnail.src } : {}) }
				: {}),
		})),
		index,
		bgOpacity: 0.94,
		loop: false,
		returnFocus: true,
		trapFocus: true,
		showHideAnimationType: still ? 'none' : 'zoom',
		closeTitle: m.media_close(),
		zoomTitle: m.media_zoom(),
		arrowPrevTitle: m.media_previous(),
		arrowNextTitle: m.media_next(),
		errorMsg: m.media_not_loaded(),
	});
	viewer.on('uiRegister', () => {
		viewer.ui?.registerElement({
			name: 'download',
			order: 8,
			isButton: true,
			tagName: 'a',
			title: m.media_download(),
			ariaLabel: m.media_download(),
			html: {
				isCustomSVG: true,
				inner:
					'<path d="M20.5 14.3 17.1 18V10h-2.2v7.9l-3.4-3.6L10 16l6 6.1 6-6.1ZM23 23H9v2h14Z" id="pswp__icn-download"/>',
				outlineID: 'pswp__icn-download',
			},
			onInit: (element) => {
				const link = element as HTMLAnchorElement;
				link.download = '';
				const point = () => (link.href = String(viewer.currSlide?.data.src ?? ''));
				viewer.on('change', point);
				point();
			},
		});
		viewer.ui?.registerElement({
			name: 'caption',
			order: 9,
			isButton: false,
			appendTo: 'root',
			onInit: (element) => {
				element.setAttribute('aria-live', 'polite');
				element.className = 'hidden-visually';
				const say = () => (element.textContent = viewer.currSlide?.data.alt ?? '');
				viewer.on('change', say);
				say();
			},
		});
	});
	viewer.init();
	viewer.element?.setAttribute('aria-label', m.media_viewer());
	viewer.element?.setAttribute('aria-modal', 'true');
}
