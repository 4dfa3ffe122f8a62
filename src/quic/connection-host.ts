import type { Buffer } from 'node:buffer';
import type { Cancellations } from './cancellations.ts';
import type { QuicConnection } from './connection.ts';
import type { DropReason, QuicMeter } from './meter.ts';
import type { EngineAddress } from './native.ts';
import type { Condition, QuicClose, QuicEvents } from './port.ts';

/** What a connection needs of the endpoint that it lives in. */
export interface ConnectionHost {
  /** Monotonic clock, milliseconds. */
  readonly clock: () => number;
  readonly meter: QuicMeter;
  /** Sends a datagram. True: the buffer may be used again; otherwise it is the socket's from here on. */
  transmit(datagram: Buffer, to: EngineAddress): boolean;
  /** How long one may deliver in a turn, milliseconds, while several have something to do; `undefined` otherwise. */
  readonly mostDelivery: number | undefined;
  /** Asks for a call of `process` at the end of this turn of the event loop. */
  schedule(connection: QuicConnection): void;
  /** The handshake is complete and the peer's name is right: whose events are these? */
  established(connection: QuicConnection): QuicEvents;
  /** What the connection's peer, who just proved who it is, cancelled of late. */
  cancellations(connection: QuicConnection): Cancellations;
  /** The connection ended before it was established. */
  failed(connection: QuicConnection, close: QuicClose): void;
  /** The engine's object is of no further use: forget the connection. */
  released(connection: QuicConnection): void;
  /** An established connection is about to be closed for what its peer did (`offenders.ts`). */
  blamed(connection: QuicConnection, cost: number): void;
  /** A guard of the connection's was met by what came from `address`. */
  refused(reason: DropReason, address: EngineAddress): void;
  /** Something that the user may want to mend. */
  warn(connection: QuicConnection, message: string): void;
  /** Something that the owner of an established connection may replace it for. */
  changed(connection: QuicConnection, condition: Condition): void;
  /** The process is about to end: closed connections do not wait for stray packets (RFC 9000 §10.2). */
  readonly leaving: boolean;
}
