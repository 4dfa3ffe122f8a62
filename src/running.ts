/** One end of the tunnel, running. */
export interface Running {
  /** Takes nothing new; resolves when everything in flight is over. */
  drain(): Promise<void>;
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
