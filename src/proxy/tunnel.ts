import type { RequestStream, RequestStreamEvents } from '../h3/port.ts';

/** The connection that carries a stream, as log lines and names of requests have it. */
export interface Carrier {
  readonly id: number;
  /** Eight characters that both ends derive from it, so that they have the same. */
  readonly tag: string;
}

/**
 * Who wants a request stream: hears whether it comes, and then what happens on it.
 */
export interface StreamWaiter extends RequestStreamEvents {
  /** Whether the stream is for an upgrade: extended CONNECT, which not every server takes (RFC 9220 §3). */
  readonly isUpgrade: boolean;
  /** The stream is there, unused. Its events come to this same object. */
  onStream(stream: RequestStream, carrier: Carrier): void;
  /**
   * There will be none. `reason` is what a client is told, e.g. `tunnel not established`, with status 503, or 501 when
   * the server takes no upgrades.
   */
  onUnavailable(reason: string, status: 501 | 503): void;
}

/** The way to the other end, as the front sees it: a session that may be down, full, or about to be replaced. */
export interface Tunnel {
  /**
   * Asks for a stream. Exactly one of `onStream` and `onUnavailable` follows, perhaps within this call: the waiter
   * is held, up to the configured time, while the tunnel is down or the peer's limit of streams is reached.
   */
  open(waiter: StreamWaiter): void;

  /** The waiter wants none any more and hears nothing. Does nothing when it has been answered. */
  cancel(waiter: StreamWaiter): void;
}
