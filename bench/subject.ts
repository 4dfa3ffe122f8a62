/** What is measured: a way for requests from a port of this host to an origin. */

/** A subject that runs. */
export interface Running {
  /** Where it takes HTTP/1.1. */
  readonly port: number;
  /** The processes of its ends; none for the origin alone. */
  readonly ends: { readonly client: number; readonly server: number } | undefined;
  /** Milliseconds from the start of each end's process until it listened. */
  readonly startUp: { readonly client: number; readonly server: number } | undefined;
  stop(): Promise<void>;
}

export interface Subject {
  readonly name: string;
  /** What the table says of it. */
  readonly description: string;
  /** Undefined when it is not installed. */
  readonly version: string | undefined;
  /** Starts it in front of the origin at a port of this host, warm enough to take requests. */
  start(originPort: number): Promise<Running>;
}

/** Milliseconds that `work` takes, and what it gives. */
export async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}
