import type { Session } from '../h3/port.ts';

/** After this the first requests are over that waited for the session, milliseconds. */
const DELAY = 1000;

/** Sends `bytes` of padding once a session has been there for a moment: see `primingBytes` of QUIC's options. */
export function prime(session: Session, bytes: number): void {
  setTimeout(() => session.pad(bytes), DELAY).unref();
}
