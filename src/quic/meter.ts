import { type FailureClass, failureClass } from './failure-class.ts';
import type { QuicClose } from './port.ts';
import { NO_TRAFFIC, sumOf, type Traffic } from './traffic.ts';

/** Why a datagram was not taken. Whoever drops for another reason adds it here, with its words in {@link DROPPED}. */
export type DropReason = keyof typeof DROPPED;

/** What the log says of each. */
export const DROPPED = {
  not_quic: 'it is not QUIC',
  // After a restart the peers of the former process go on sending for a while.
  unknown_connection: 'it belongs to no connection of this process',
  closed_connection: 'its connection is over',
  too_small: 'its first packet is too small for QUIC',
  version: 'its QUIC version is not 1',
  not_allowed: 'its address is not in allow_from',
  bad_token: 'its Retry token is too old, or was not made for its address',
  handshakes: 'too many handshakes are under way',
  handshakes_of_address: 'too many handshakes are under way from its address',
  offender: 'peers at its address had to be disconnected again and again',
  handshake_time: 'handshakes that came to nothing took too much time of late',
  handshake_bytes: 'it sent more than a handshake takes',
  other_address: 'it comes from another address than its connection',
  junk: 'its connection carried too much that is of no use',
  acknowledgments: 'its connection acknowledged more than there can be',
  engine: 'the QUIC engine refuses it',
} as const;

/** How far a connection had got when it failed. */
export type Phase = 'connecting' | 'established';

/** How a connection is. Times in milliseconds. */
export interface ConnectionFigures {
  /** Smoothed round-trip time; 0 before the first sample. */
  readonly rtt: number;
  /** Congestion window, bytes. */
  readonly congestionWindow: number;
  /** Of the congestion window, what is taken: exact for peers of ours, else perhaps too much. */
  readonly bytesInFlight: number;
  /** Bytes that streams have queued and the engine has not taken. */
  readonly queuedBytes: number;
  /** Bytes a second that were lately acknowledged. */
  readonly deliveryRate: number;
}

/** What is read of a connection. */
export interface MeteredConnection {
  readonly id: number;
  readonly traffic: Traffic;
  readonly figures: ConnectionFigures;
}

/** A connection that is established and not over. */
export interface LiveConnection {
  readonly connection: MeteredConnection;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/**
 * What happened at the QUIC end of this process since it started: plain numbers, that cost nothing to keep and are read
 * when somebody asks.
 */
export class QuicMeter {
  /** Handshakes that came to a good end. */
  connects = 0;
  /** Connections that ended in disorder, or never came about. */
  readonly failures: Readonly<Record<Phase, Record<FailureClass, number>>> = {
    connecting: noFailures(),
    established: noFailures(),
  };
  /** Why a connection failed most recently, and when (milliseconds since 1970). */
  lastFailure: { readonly reason: string; readonly at: number } | undefined;
  readonly drops: Record<DropReason, number> = noDrops();
  /** First packets that were answered with a Retry. */
  retries = 0;
  /** Datagrams that the system did not take. */
  unsent = 0;
  /** Streams that peers cancelled, and too many: the next had to wait. */
  placesKept = 0;
  readonly #live = new Map<MeteredConnection, LiveConnection>();
  /** Those that are over and still wait for stray packets are among them. */
  readonly #unreleased = new Set<MeteredConnection>();
  #past: Traffic = NO_TRAFFIC;

  /** Connections that are established, the newest last. */
  get live(): readonly LiveConnection[] {
    return [...this.#live.values()];
  }

  /** Of all connections that there ever were. */
  get traffic(): Traffic {
    return [...this.#unreleased].reduce((sum, { traffic }) => sumOf(sum, traffic), this.#past);
  }

  established(connection: MeteredConnection, address: string): void {
    this.connects++;
    this.#unreleased.add(connection);
    this.#live.set(connection, { connection, address, since: Date.now() });
  }

  /** A connection, or an attempt to have one, is over. */
  ended(connection: MeteredConnection, phase: Phase, close: QuicClose): void {
    this.#live.delete(connection);
    const failure = failureClass(close);
    if (failure !== undefined) this.failed(phase, failure, close.reason);
  }

  failed(phase: Phase, failure: FailureClass, reason: string): void {
    this.failures[phase][failure]++;
    this.lastFailure = { reason, at: Date.now() };
  }

  /** Nothing more comes of a connection. */
  released(connection: MeteredConnection): void {
    this.#unreleased.delete(connection);
    this.#past = sumOf(this.#past, connection.traffic);
  }
}

const noFailures = (): Record<FailureClass, number> => ({
  address: 0,
  silence: 0,
  certificate: 0,
  tls: 0,
  transport: 0,
  http3: 0,
  internal: 0,
});

const noDrops = (): Record<DropReason, number> => ({
  not_quic: 0,
  unknown_connection: 0,
  closed_connection: 0,
  too_small: 0,
  version: 0,
  not_allowed: 0,
  bad_token: 0,
  handshakes: 0,
  handshakes_of_address: 0,
  offender: 0,
  handshake_time: 0,
  handshake_bytes: 0,
  other_address: 0,
  junk: 0,
  acknowledgments: 0,
  engine: 0,
});
