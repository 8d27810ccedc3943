import {
	BlobSource,
	BufferTarget,
	Conversion,
	Input,
	MATROSKA,
	MP4,
	Mp4OutputFormat,
	Output,
	QTFF,
	WEBM,
	WebMOutputFormat,
	canEncodeVideo,
} from 'mediabunny';

interface Limits {
	/** ms */
	longest: number;
	/** bytes */
	biggest: number;
	/** pixels of the longer side, and bits a second, when it is encoded anew */
	side: number;
	bitrate: number;
	signal?: AbortSignal;
	onprogress?: (done: number) => void;
}

export async function remux(
	file: Blob,
	{ longest, biggest, side, bitrate, signal, onprogress }: Limits,
): Promise<
	{ ok: true; blob: Blob; duration: number } | { ok: false; code: 'unreadable' | 'too_long' | 'too_big' }
> {
	const input = new Input({ source: new BlobSource(file), formats: [MP4, QTFF, WEBM, MATROSKA] });
	try {
		const video = await input.getPrimaryVideoTrack();
		if (!video?.codec) return { ok: false, code: 'unreadable' };
		const duration = Math.round((await input.computeDuration()) * 1000);
		if (duration < 1) return { ok: false, code: 'unreadable' };
		if (duration > longest) return { ok: false, code: 'too_long' };

		const tooBig = file.size > biggest * 0.98;
		const anew = (tooBig || video.codec === 'hevc') && (await canEncodeVideo('avc'));
		if (tooBig && !anew) return { ok: false, code: 'too_big' };
		const webm = !anew && (video.codec === 'vp8' || video.codec === 'vp9');
		const target = new BufferTarget();
		const output = new Output({
			format: webm ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: 'in-memory' }),
			target,
		});
		const wide = video.displayWidth >= video.displayHeight;
		const larger = Math.max(video.displayWidth, video.displayHeight);
		const conversion = await Conversion.init({
			input,
			output,
			tags: {},
			showWarnings: false,
			video: anew
				? { codec: 'avc', bitrate, ...(larger > side ? (wide ? { width: side } : { height: side }) : {}) }
				: {},
		});
		if (!conversion.isValid || !conversion.utilizedTracks.some((track) => track.isVideoTrack())) {
			return { ok: false, code: 'unreadable' };
		}
		if (onprogress) conversion.onProgress = onprogress;
		const cancel = () => void conversion.cancel();
		signal?.addEventListener('abort', cancel, { once: true });
		try {
			await conversion.execute();
		} finally {
			signal?.removeEventListener('abort', cancel);
		}
		if (!target.buffer) return { ok: false, code: 'unreadable' };
		if (target.buffer.byteLength > biggest) return { ok: false, code: 'too_big' };
		return {
			ok: true,
			blob: new Blob([target.buffer], { type: webm ? 'video/webm' : 'video/mp4' }),
			duration,
		};
	} catch {
		return { ok: false, code: 'unreadable' };
	} finally {
		input.dispose();
	}
}
