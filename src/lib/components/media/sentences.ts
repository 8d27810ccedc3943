import type { UploadRefusal } from '#lib/chat/media.ts';
import type { ClipProblem } from '#lib/client/media/clip.ts';
import type { DeviceProblem } from '#lib/client/devices.ts';
import type { PictureProblem } from '#lib/client/media/picture.ts';
import { m } from '#lib/paraglide/messages.js';

/** Why a file cannot be sent. */
export function fileSentence(code: PictureProblem | ClipProblem | 'unsupported' | 'not_loaded'): string {
	switch (code) {
		case 'heic':
			return m.media_heic();
		case 'unreadable':
			return m.media_unreadable();
		case 'too_big':
			return m.media_too_big();
		case 'too_long':
			return m.media_too_long();
		case 'unsupported':
			return m.media_unsupported();
		case 'not_loaded':
			return m.media_not_prepared();
	}
}

/** Why an upload was not taken. */
export function uploadSentence(code: string): string {
	switch (code as UploadRefusal) {
		case 'too_big':
			return m.media_too_big();
		case 'heic':
			return m.media_heic();
		case 'unsupported':
		case 'malformed':
		case 'truncated':
		case 'polyglot':
			return m.media_unsupported();
		case 'gps':
			return m.media_gps();
		case 'ended':
		case 'unknown_room':
			return m.media_ended();
		case 'too_many':
			return m.media_too_many();
		case 'not_square':
		case 'too_many_pixels':
			return m.media_unreadable();
		default:
			return m.media_failed();
	}
}

export function microphoneSentence(problem: DeviceProblem): string {
	switch (problem) {
		case 'refused':
			return m.voice_refused();
		case 'missing':
			return m.voice_missing();
		case 'busy':
			return m.voice_busy();
		case 'taken_away':
			return m.voice_taken_away();
		case 'unsupported':
			return m.voice_unsupported();
		case 'failed':
			return m.voice_failed();
	}
}

export function cameraSentence(problem: DeviceProblem): string {
	switch (problem) {
		case 'refused':
			return m.media_camera_refused();
		case 'missing':
			return m.media_camera_missing();
		case 'busy':
			return m.media_camera_busy();
		case 'taken_away':
			return m.media_camera_taken_away();
		case 'unsupported':
		case 'failed':
			return m.media_camera_failed();
	}
}
