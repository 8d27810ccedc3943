import { stop } from '../devices.ts';
import captureUrl from './voice-capture.worklet.ts?worker&url';

/** A microphone that is open, and the audio graph that hears it. */
export interface Microphone {
	readonly context: AudioContext;
	readonly stream: MediaStream;
	/** Lets go of both. Nobody is told. */
	close(): void;
}

/** Asks for the microphone. Throws what is in the way, as `getUserMedia` does, with nothing left open. */
export async function openMicrophone(): Promise<Microphone> {
	const context = new AudioContext();
	let stream: MediaStream | null = null;
	const close = () => {
		stop(stream);
		context.onstatechange = null;
		void context.close().catch(() => {});
	};
	try {
		stream = await navigator.mediaDevices.getUserMedia({
			audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
		});
		await context.audioWorklet.addModule(captureUrl).catch((cause: unknown) => {
			throw new Error('The recorder could not be loaded.', { cause });
		});
		if (context.state !== 'running') await context.resume();
		return { context, stream, close };
	} catch (error) {
		close();
		throw error;
	}
}
