/** What is read of a running end when somebody asks: types only. Nothing of it is computed in between. */
import type { FloodCounters } from '../h3/flood-counters.ts';
import type { QpackCounters } from '../qpack/counters.ts';
import type { QuicMeter } from '../quic/meter.ts';

/** What a running end tells of itself. */
export interface EndReadings {
  /** Whether there is a session that requests can use. */
  readonly tunnelUp: boolean;
  /** Why it cannot do its work now; `undefined`: it can. */
  readonly notReady: string | undefined;
  /** Request streams that are not over. */
  readonly streams: number;
  /** Requests in flight, and upgraded connections. */
  readonly requests: number;
  readonly upgrades: number;
  /** Requests that wait: for the tunnel or a stream of it (client), for their turn (server). */
  readonly waiting: number;
  /** Connections to the origin; a client has none. */
  readonly originConnections: { readonly busy: number; readonly idle: number } | undefined;
  readonly certificates: readonly CertificateReading[];
  readonly peers: readonly PeerReading[];
  readonly quic: QuicReadings;
  readonly qpack: Readonly<QpackCounters>;
  readonly floods: Readonly<FloodCounters>;
}

export type QuicReadings = Pick<
  QuicMeter,
  'connects' | 'failures' | 'lastFailure' | 'drops' | 'retries' | 'unsent' | 'placesKept' | 'live' | 'traffic'
>;

/** A certificate that the tunnel depends on. */
export interface CertificateReading {
  /** `own`: the leaf that we present; `chain`: those behind it; `ca`: an authority in tls.ca; `peer`: the peer's leaf. */
  readonly whose: 'own' | 'chain' | 'ca' | 'peer';
  readonly subject: string;
  /** When it expires, milliseconds since 1970. */
  readonly notAfter: number;
}

/** What a peer says of itself. */
export interface PeerReading {
  /** The connection's number in the log. */
  readonly connection: number;
  readonly version: string | undefined;
  /** When its certificate expires, milliseconds since 1970. */
  readonly certificateExpires: number | undefined;
  readonly settings: Readonly<Record<string, string | number>>;
}
