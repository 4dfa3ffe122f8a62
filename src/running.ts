import type { Identity } from './config/identity.ts';
import type { Config } from './config/schema.ts';
import type { EndReadings } from './observe/readings.ts';
import type { PeerFacts } from './proxy/contracts.ts';
import type { WatchedCertificate } from './system/certificate-watch.ts';
import type { Status } from './system/systemd-status.ts';

/** One end of the tunnel, running. */
export interface Running {
  /** Resolves when the first attempt to connect has ended, well or badly; in server mode there is none to wait for. */
  readonly attempted: Promise<void>;
  /** What it is doing, for people. */
  status(): Status;
  /** The other ends that it is connected to, and what they say of themselves. */
  remotes(): readonly PeerFacts[];
  /** The certificates that count now, ours and those of {@link remotes}, with the times at which they expire. */
  certificates(): readonly WatchedCertificate[];
  /** What it counts and measures, as of now. */
  readings(): EndReadings;
  /** Takes nothing new; resolves when everything in flight is over. */
  drain(): Promise<void>;
  /**
   * Goes by another configuration and identity from now on, without dropping anything. Keys that a running end
   * cannot change keep their values: the caller says so. Throws what the engine says of an identity; then all is as it was.
   */
  reload(config: Config, identity: Identity): void;
  /** Ends what is left, and frees sockets. */
  stop(): Promise<void>;
}

/** What the configuration asks for cannot be had: `key` is to blame, the message says what was found. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly key: string;

  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

/** Runs `action`; what it throws becomes a StartError for `key`. */
export async function blaming<T>(key: string, found: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new StartError(key, `found ${found}: ${reason(error)}`);
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return SYSTEM_REASONS[code] ?? error.message;
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has that port (EADDRINUSE); allowed is a free one',
  EADDRNOTAVAIL: 'this host has no such address (EADDRNOTAVAIL); allowed is one that `ip address` shows',
  EACCES: 'that port needs privileges (EACCES); allowed without them is 1024 and above',
};

/** Figures of a {@link Status}. `rtt`: milliseconds, 0 when it is unknown. */
export function figures(rtt: number, inFlight: number): string {
  const requests = `${inFlight} ${inFlight === 1 ? 'request' : 'requests'} in flight`;
  return rtt > 0 ? `rtt ${rtt.toFixed(rtt < 10 ? 1 : 0)} ms, ${requests}` : requests;
}
