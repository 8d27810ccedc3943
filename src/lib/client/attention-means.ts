import type { RoomName } from '#lib/chat/room-name.ts';
import type { Means } from './attention.ts';
import { browser, isLookedAt } from './surroundings.ts';

/** Asked for once; a "not now" is remembered so long as the browser remembers anything. */
const DECLINED = 'kith.notifications.declined';

/** May notifications be shown, may somebody be asked, or neither? */
export type Permission = 'granted' | 'askable' | 'no';

export function permission(): Permission {
	if (typeof Notification === 'undefined' || Notification.permission === 'denied') return 'no';
	if (Notification.permission === 'granted') return 'granted';
	try {
		return localStorage.getItem(DECLINED) ? 'no' : 'askable';
	} catch {
		return 'no';
	}
}

/** Asks the browser, which asks the person: only ever upon a click. */
export async function ask(): Promise<Permission> {
	await Notification.requestPermission();
	return permission();
}

/** "Not now": is not offered again here. */
export function decline(): Permission {
	try {
		localStorage.setItem(DECLINED, '1');
	} catch {
		// a browser that keeps nothing is not asked at all
	}
	return 'no';
}

let audio: AudioContext | undefined;

/** Two soft tones. A page that nobody has touched yet may not sound, and does not. */
function chime(): void {
	try {
		audio ??= new AudioContext();
		if (audio.state === 'suspended') void audio.resume();
		const at = audio.currentTime;
		for (const [index, frequency] of [660, 880].entries()) {
			const start = at + index * 0.12;
			const tone = new OscillatorNode(audio, { frequency });
			const volume = new GainNode(audio, { gain: 0 });
			volume.gain.setValueAtTime(0, start);
			volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
			volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
			tone.connect(volume).connect(audio.destination);
			tone.start(start);
			tone.stop(start + 0.32);
		}
	} catch {
		// no sound device, or none allowed
	}
}

/**
 * What a browser has for calling somebody's attention.
 * @param roomShown the room that this tab shows, if it shows one
 */
export function means(roomShown: () => RoomName | null): Means {
	return {
		lead(signal, lead) {
			if (!('locks' in navigator)) return lead();
			navigator.locks
				.request('kith.attention', { signal }, () => {
					lead();
					return new Promise<void>((done) => signal.addEventListener('abort', () => done()));
				})
				.catch(() => undefined); // ended while it waited for its turn
		},
		isLookedAt: (room) => roomShown() === room && isLookedAt(browser()),
		chime,
		notify(room, { title, body, open }) {
			if (permission() !== 'granted') return () => {};
			try {
				const shown = new Notification(title, {
					body,
					tag: `kith.${room}`,
					icon: '/icon-192.png',
					silent: true,
				});
				shown.onclick = () => {
					window.focus();
					shown.close();
					open();
				};
				return () => shown.close();
			} catch {
				return () => {}; // Chrome on Android shows them only from a service worker
			}
		},
	};
}
