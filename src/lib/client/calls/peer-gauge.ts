import type { MediaStats } from './call-media.ts';

/** Reads what a connection's `getStats` says. */
export class PeerGauge {
	/** Packets at the last look: losses are told since then. */
	#before = { lost: 0, received: 0 };

	read(report: RTCStatsReport): MediaStats {
		const stats: MediaStats = {
			roundTrip: null,
			loss: null,
			bytesReceived: 0,
			bytesSent: 0,
			framesDecoded: 0,
			relayed: null,
		};
		const now = { lost: 0, received: 0 };
		for (const entry of report.values()) {
			if (entry.type === 'inbound-rtp') {
				stats.bytesReceived += entry.bytesReceived ?? 0;
				stats.framesDecoded += entry.framesDecoded ?? 0;
				now.lost += Math.max(0, entry.packetsLost ?? 0);
				now.received += entry.packetsReceived ?? 0;
			} else if (entry.type === 'outbound-rtp') {
				stats.bytesSent += entry.bytesSent ?? 0;
			} else if (entry.type === 'transport' && entry.selectedCandidatePairId) {
				const pair = report.get(entry.selectedCandidatePairId);
				if (typeof pair?.currentRoundTripTime === 'number')
					stats.roundTrip = pair.currentRoundTripTime * 1000;
				const ends = [report.get(pair?.localCandidateId), report.get(pair?.remoteCandidateId)];
				stats.relayed = ends.some((end) => end?.candidateType === 'relay');
			}
		}
		const lost = Math.max(0, now.lost - this.#before.lost);
		const received = now.received - this.#before.received;
		if (lost + received > 0) stats.loss = lost / (lost + received);
		this.#before = now;
		return stats;
	}
}
