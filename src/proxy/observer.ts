import type { FloodCounters } from '../h3/flood-counters.ts';
import type { Logger } from './failures.ts';

/**
 * What the proxy tells about requests that are over. The access log and the metrics are made of it.
 */

/** How a request ended. `aborted`: who asked went away; `failed`: the answer is ours, or was cut. */
export type RequestOutcome = 'complete' | 'aborted' | 'failed';

/** One request, when it is over. Times in milliseconds, bytes of content as carried (no heads, no chunk framing). */
export interface RequestRecord {
  /** Both ends, the origin and synthetic responses know the request by it. */
  readonly id: string;
  /** The tunnel's connection that carried it, as log lines number it. */
  readonly connection: number | undefined;
  /** Empty when what came could not be read as a request. */
  readonly method: string;
  /** The request target as it arrived, with its query; empty as `method`. */
  readonly target: string;
  /** Of the final response, or 101; `undefined` when it never had one. */
  readonly status: number | undefined;
  readonly outcome: RequestOutcome;
  /** Whether it became a tunnel of its own: WebSocket or another upgrade. */
  readonly upgraded: boolean;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** From the head of the request to the end of everything. */
  readonly duration: number;
  /** Of that, waiting: for the tunnel or a stream of it (client), for its turn (server). */
  readonly queued: number;
  /** From leaving the queue to the head of the final response: the far end and the link (client), the origin (server). */
  readonly waited: number | undefined;
}

/** Who hears of requests. Must not throw, nor keep the record. */
export interface RequestObserver {
  onRequestOver(record: RequestRecord): void;
}

/** Who hears of a server end's requests: what went wrong with one, each when it is over, and what was in vain. */
export interface RequestWatch {
  readonly logger: Logger;
  readonly observer: RequestObserver;
  readonly floods: FloodCounters;
}

/** Tells each of them. */
export function observers(...all: readonly RequestObserver[]): RequestObserver {
  return {
    onRequestOver: (record) => {
      for (const one of all) one.onRequestOver(record);
    },
  };
}
