import type { Session } from '../h3/port.ts';

/** After this the first requests are over that waited for the session, milliseconds. */
const DELAY = 1000;

/** What is needed of the connection. */
interface Sender {
  readonly traffic: { readonly sentBytes: number };
}

/**
 * Sends `bytes` of padding once a session has been there for a moment, unless requests have sent as much by then: see
 * `primingBytes` of QUIC's options.
 */
export function prime(session: Session, connection: Sender, bytes: number): void {
  const decide = (): void => {
    if (connection.traffic.sentBytes < bytes) session.pad(bytes);
  };
  setTimeout(decide, DELAY).unref();
}
