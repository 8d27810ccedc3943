/** Why a microphone or camera is not there, for recording as for calls. Each has a sentence on the screen and a way on. */
export type DeviceProblem =
	| 'refused' // the person, or the browser for them, said no
	| 'missing' // there is none
	| 'busy' // another program has it
	| 'taken_away' // unplugged, or taken by a call, in the middle
	| 'unsupported' // the page may not use devices at all: not HTTPS, or an old browser
	| 'failed';

/** Turns what `getUserMedia` throws into why (Media Capture and Streams, section 10.2). */
export function problemOf(error: unknown): DeviceProblem {
	switch (error instanceof Error || error instanceof DOMException ? error.name : '') {
		case 'NotAllowedError':
		case 'SecurityError':
			return 'refused';
		case 'NotFoundError':
		case 'OverconstrainedError':
			return 'missing';
		case 'NotReadableError':
		case 'AbortError':
			return 'busy';
		case 'TypeError':
			return 'unsupported'; // there is no navigator.mediaDevices on a page without HTTPS
		default:
			return 'failed';
	}
}

/** Lets go of a microphone or camera, and with it of its light; nobody is told that it ended. */
export function stop(stream: MediaStream | null): void {
	for (const track of stream?.getTracks() ?? []) {
		track.onended = null;
		track.onmute = null;
		track.stop();
	}
}
