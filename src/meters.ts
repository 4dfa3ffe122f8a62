/** What an end counts of itself, and how it is told. */
import { type FloodCounters, noFloodCounts } from './h3/flood-counters.ts';
import type { EndReadings, PeerReading } from './observe/readings.ts';
import type { PeerFacts } from './proxy/contracts.ts';
import { noQpackCounts, type QpackCounters } from './qpack/counters.ts';
import { QuicMeter } from './quic/meter.ts';

/** The counters of one end, for as long as it runs: reloads do not begin them anew. */
export interface Meters {
  readonly quic: QuicMeter;
  readonly qpack: QpackCounters;
  readonly floods: FloodCounters;
}

/** Why an end that is about to stop is not ready. */
export const DRAINING = 'draining: it finishes what is in flight and takes nothing new';

export const createMeters = (): Meters => ({
  quic: new QuicMeter(),
  qpack: noQpackCounts(),
  floods: noFloodCounts(),
});

/** Readings of an end that does what `state` says. */
export function readingsOf(
  meters: Meters,
  remotes: readonly PeerFacts[],
  state: Omit<EndReadings, 'quic' | 'qpack' | 'floods' | 'peers'>,
): EndReadings {
  return { ...state, ...meters, peers: remotes.flatMap(peerReading) };
}

// What a peer says of its settings, by the names that they have in a configuration.
function peerReading({ connection, contract }: PeerFacts): readonly PeerReading[] {
  if (contract === undefined) return [];
  const { version, clock: _, certificateExpiry, ...settings } = contract;
  const named = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]],
  );
  return [
    { connection, version, certificateExpires: certificateExpiry, settings: Object.fromEntries(named) },
  ];
}
