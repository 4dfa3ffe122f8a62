/**
 * What a new TCP connection needs in theory, without loss: one round trip for its handshake, one for the request and
 * the first bytes, and one more for each time that slow start has sent its window and has to wait.
 */

/** A link in the demo's terms. */
export interface LinkFigures {
  /** Round-trip time, ms. */
  readonly rtt: number;
  /** Mbit/s (10^6 bit). */
  readonly rate: number;
}

/** Initial window of ten segments (RFC 6928), of the payload that an Ethernet frame carries. */
const INITIAL_WINDOW = 10 * 1460;

/** Milliseconds until `bytes`, in one direction, are through a link that does nothing but carry them. */
export function shortestTime(bytes: number, { rtt, rate }: LinkFigures): number {
  return rtt + bytes / (rate * 125);
}

/** Milliseconds from opening a TCP connection until `bytes`, in one direction, are across and answered for. */
export function directTcpTime(bytes: number, { rtt, rate }: LinkFigures): number {
  const bytesPerMs = rate * 125;
  let time = 2 * rtt;
  let left = bytes;
  // The window doubles each round trip (RFC 5681 §3.1), until it keeps the link busy.
  for (let window = INITIAL_WINDOW; left > window && window < rtt * bytesPerMs; window *= 2) {
    left -= window;
    time += rtt;
  }
  return time + left / bytesPerMs;
}
