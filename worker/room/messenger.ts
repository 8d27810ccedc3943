import type { PersonId, RoomName } from '#lib/chat/room-name.ts';
import * as archive from '#lib/server/archive.ts';
import type { Env } from '../env.ts';
import { log } from '../log.ts';
import { door } from '../session.ts';
import { within } from '../within.ts';
import type { Alarms, Jobs, OutgoingJob } from './alarms.ts';
import * as calls from './room-calls.ts';
import * as outgoing from './room-outgoing.ts';
import type { RoomStore } from './room-store.ts';

/** How long an Inbox, or Postgres, may take to answer. */
const CALL_TIMEOUT = 5_000;
/** After telling an Inbox, so many times as long as that took is left to everything else. */
const REST = 2;
/** A call that rings is told again so soon when an Inbox did not hear. */
const RING_AGAIN = 1_000;

const sooner = (...times: (number | null)[]): number | null => {
	const known = times.filter((at) => at !== null);
	return known.length > 0 ? Math.min(...known) : null;
};

/** Carries what a room has to tell to the Inboxes of its members and to the archive: at once, or by alarm. */
export class Messenger {
	readonly #store: RoomStore;
	readonly #alarms: Alarms;
	readonly #jobs: Jobs;
	readonly #env: Env;
	readonly #room: () => { room: RoomName; members: readonly PersonId[] };
	/** Until then an alarm is set for whatever may have changed: in a burst there is nothing to look at. */
	#settledUntil = 0;

	constructor(
		store: RoomStore,
		alarms: Alarms,
		jobs: Jobs,
		env: Env,
		room: () => { room: RoomName; members: readonly PersonId[] },
	) {
		this.#store = store;
		this.#alarms = alarms;
		this.#jobs = jobs;
		this.#env = env;
		this.#room = room;
		Object.assign(jobs.outgoing, { tell: this.#tell, archive: this.#archive, ring: this.#ring });
	}

	/** Something in the room is another than before. */
	changed(now: number): void {
		if (now < this.#settledUntil) return;
		const tell = this.#tellAt();
		if (tell !== null && tell <= now) this.#alarms.start('tell', this.#jobs, now);
		else if (tell !== null) this.#alarms.hasten('tell', tell);
		const archive = outgoing.archiveAt(this.#store, now);
		if (archive !== null) this.#alarms.hasten('archive', archive);
		// Only when both are still to come: a call under way knows less than this, and for an archive that has
		// everything no alarm is set.
		if (tell !== null && tell > now && archive !== null) this.#settledUntil = Math.min(tell, archive);
	}

	/** The call of the room is another than before. */
	callChanged(now: number): void {
		this.#alarms.start('ring', this.#jobs, now);
	}

	/** K2: within a second on every tab of both. What could not be told is told again soon, as it is by then. */
	readonly #ring: OutgoingJob = async (now) => {
		const { room, members } = this.#room();
		const { type, revision, call } = calls.frameOf(this.#store, now);
		if (!call) return null;
		const told = await Promise.all(
			members.map(async (member) => {
				try {
					const telling = this.#env.INBOXES.getByName(member).call({ type, room, revision, now, call });
					await within(CALL_TIMEOUT, telling);
					return true;
				} catch (error) {
					log({ event: 'call_failed', of: room, call: 'ring', error });
					return false;
				}
			}),
		);
		if (this.#store.call().revision !== revision)
			return this.#ring(Date.now(), AbortSignal.timeout(CALL_TIMEOUT));
		return told.every(Boolean) ? null : Date.now() + RING_AGAIN;
	};

	#tellAt(): number | null {
		return sooner(...this.#room().members.map((member) => outgoing.tellMemberAt(this.#store, member)));
	}

	readonly #tell: OutgoingJob = async (now) => {
		const { room, members } = this.#room();
		const answers = await Promise.all(
			members.map(async (member) => {
				const at = outgoing.tellMemberAt(this.#store, member);
				const row = at !== null && at <= now ? outgoing.summaryFor(this.#store, room, member) : null;
				if (!row) return null;
				try {
					const call = this.#env.INBOXES.getByName(member).summary(row);
					const acknowledged = await within(CALL_TIMEOUT, call);
					return { member, acknowledged, took: Date.now() - now };
				} catch (error) {
					log({ event: 'call_failed', of: room, call: 'summary', error });
					return { member, acknowledged: null, took: 0 };
				}
			}),
		);
		// All in one turn, for one disk sync.
		const end = Date.now();
		for (const answer of answers) {
			if (!answer) continue;
			const { member, acknowledged, took } = answer;
			if (acknowledged === null) outgoing.notTold(this.#store, member, end);
			else outgoing.told(this.#store, member, acknowledged, end + REST * took);
		}
		return this.#tellAt();
	};

	readonly #archive: OutgoingJob = async (now, signal) => {
		const { room } = this.#room();
		while (!signal.aborted) {
			const part = outgoing.archivePart(this.#store);
			if (part.length === 0) break;
			try {
				await within(CALL_TIMEOUT, archive.write(door(this.#env).db, room, part));
				outgoing.archived(this.#store, part, Date.now());
			} catch (error) {
				outgoing.notArchived(this.#store, Date.now());
				log({ event: 'call_failed', of: room, call: 'archive', error });
				break;
			}
		}
		return outgoing.archiveAt(this.#store);
	};
}
