import type { Day } from '#lib/chat/timeline.ts';
import { m } from '#lib/paraglide/messages.js';
import { picturesOf, type Place } from './pictures.ts';

/**
 * Opens the pictures of a conversation over the page, beginning with one of them: zoom, swipe, keyboard, download. The
 * library is loaded with the first picture that is opened.
 * @param key of the message whose picture is shown first
 * @param from the small picture that was clicked: it grows out of it, and the focus returns to it
 */
export async function openLightbox(
	days: readonly Day[],
	place: Place,
	key: string,
	from: HTMLElement,
): Promise<void> {
	const [{ default: PhotoSwipe }] = await Promise.all([
		import('photoswipe'),
		import('photoswipe/style.css'),
		import('./lightbox.css'),
	]);
	const pictures = picturesOf(days, place);
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
		bgOpacity: 1,
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
				const show = () => {
					const caption = pictures[viewer.currIndex]?.caption ?? '';
					element.textContent = caption;
					element.hidden = caption === '';
					element.dir = 'auto';
				};
				viewer.on('change', show);
				show();
			},
		});
		viewer.ui?.registerElement({
			name: 'said',
			order: 9,
			isButton: false,
			appendTo: 'root',
			onInit: (element) => {
				element.setAttribute('aria-live', 'polite');
				element.className = 'hidden-visually';
				const say = () => {
					const picture = pictures[viewer.currIndex];
					element.textContent = m.media_viewer_at({
						picture: picture?.alt ?? '',
						number: viewer.currIndex + 1,
						count: pictures.length,
					});
				};
				viewer.on('change', say);
				say();
			},
		});
	});
	viewer.init();
	viewer.element?.setAttribute('aria-label', m.media_viewer());
	viewer.element?.setAttribute('aria-modal', 'true');
}
