import { m } from '#lib/paraglide/messages.js';

/** What the call screen shows of a call and does to it: the session of lib/client/calls is one. */
export interface CallView {
	readonly outgoing: boolean;
	readonly kind: 'voice' | 'video';
	readonly phase: string;
	readonly ending: string | null;
	readonly over: boolean;
	/** ms since 1970, by this device */
	readonly since: number | null;
	readonly own: OwnView;
	readonly other: {
		readonly stream: MediaStream | null;
		readonly status: { microphone: boolean; camera: boolean; screen: boolean };
		readonly quality: string | null;
	};
}

/** This side of it. */
export interface OwnView {
	readonly picture: MediaStream | null;
	readonly microphone: boolean;
	readonly camera: boolean;
	readonly screen: boolean;
	readonly problems: readonly string[];
	readonly devices: Record<
		'microphones' | 'cameras' | 'speakers',
		readonly { deviceId: string; label: string }[]
	>;
	readonly chosen: Record<'microphone' | 'camera' | 'speaker', string>;
	setMicrophone(on: boolean): Promise<void>;
	setCamera(on: boolean): Promise<void>;
	setScreen(on: boolean): Promise<void>;
	flipCamera(): Promise<void>;
	choose(what: 'microphone' | 'camera' | 'speaker', deviceId: string): Promise<void>;
	dismiss(problem: string): void;
}

type Sentences = Readonly<Record<string, () => string>>;

const PHASES: Sentences = {
	calling: m.call_phase_calling,
	ringing: m.call_phase_ringing,
	connecting: m.call_phase_connecting,
	reconnecting: m.call_phase_reconnecting,
	elsewhere: m.call_phase_elsewhere,
};

const ENDINGS: Sentences = {
	finished: m.call_end_finished,
	missed: m.call_end_missed,
	declined: m.call_end_declined,
	cancelled: m.call_end_cancelled,
	busy: m.call_end_busy,
	unreachable: m.call_end_unreachable,
	service_away: m.call_end_service_away,
	lost: m.call_end_lost,
	sdk_missing: m.call_end_sdk_missing,
	not_admitted: m.call_end_not_admitted,
	kicked_out: m.call_end_kicked_out,
	unsupported: m.call_end_unsupported,
	in_call: m.call_end_in_call,
	slow_down: m.call_end_slow_down,
	not_friends: m.call_end_not_friends,
	offline: m.call_end_offline,
	shut_out: m.call_end_shut_out,
};

/** How the call stands, in words; empty while people talk. */
export function phaseSentence({ phase, ending }: Pick<CallView, 'phase' | 'ending'>): string {
	if (phase === 'ended') return (ENDINGS[ending ?? ''] ?? m.call_end_failed)();
	return PHASES[phase]?.() ?? '';
}

const PROBLEMS: Sentences = {
	microphone_refused: m.call_problem_microphone_refused,
	microphone_missing: m.call_problem_microphone_missing,
	microphone_busy: m.call_problem_microphone_busy,
	microphone_failed: m.call_problem_microphone_failed,
	microphone_taken_away: m.call_problem_microphone_taken_away,
	camera_refused: m.call_problem_camera_refused,
	camera_missing: m.call_problem_camera_missing,
	camera_busy: m.call_problem_camera_busy,
	camera_failed: m.call_problem_camera_failed,
	camera_taken_away: m.call_problem_camera_taken_away,
	screen_failed: m.call_problem_screen_failed,
	unsupported: m.call_problem_unsupported,
};

export function problemSentence(problem: string): string {
	return (PROBLEMS[problem] ?? m.call_problem_unsupported)();
}

const QUALITIES: Sentences = {
	good: m.call_quality_good,
	fair: m.call_quality_fair,
	poor: m.call_quality_poor,
};

export function qualityWord(quality: string): string {
	return QUALITIES[quality]?.() ?? '';
}
