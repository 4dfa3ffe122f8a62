/**
 * What was asked, what the origin got and what the client was told, request by request: so that nothing can be lost,
 * doubled, cut or mixed up without being seen.
 */
import { patternHash } from '../support/pattern.ts';

/** A request of the load. Its contents follow from its number. */
export interface Asked {
  readonly id: number;
  readonly method: 'GET' | 'POST';
  /** Bytes of content of the request, and of the response. */
  readonly upload: number;
  readonly download: number;
  /** Whether the response declares its length. */
  readonly declared: boolean;
}

/** What became of a request at the client: a response that was whole as far as the client can tell, or none. */
export type Outcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly id: string;
      readonly bytes: number;
      readonly sha256: string;
    }
  | { readonly kind: 'cut'; readonly reason: string };

/** Rules that hold whatever the fault is. */
export interface Breaches {
  hung: number;
  /** Cut short, and told to be complete: at the client, or at the origin. */
  truncated: number;
  /** Content or id of another request. */
  mixedUp: number;
  /** Not idempotent, and at the origin more than once. */
  duplicated: number;
}

const LARGEST = 100_000;

/** The request with this number: sizes from 1 B to 100 KB, each magnitude as often as the others. */
export function asked(id: number): Asked {
  const share = (salt: number): number => ((Math.imul(id + salt, 0x9e37_79b1) >>> 0) % 1000) / 999;
  const size = (salt: number): number => Math.round(LARGEST ** share(salt));
  const method = id % 2 === 0 ? 'GET' : 'POST';
  return { id, method, upload: method === 'GET' ? 0 : size(17), download: size(91), declared: id % 4 < 2 };
}

/** The hash of what a request has as content, or its response. */
export const uploadHash = ({ id, upload }: Asked): string => patternHash(upload, 2 * id);
export const downloadHash = ({ id, download }: Asked): string => patternHash(download, 2 * id + 1);

export class Ledger {
  readonly breaches: Breaches = { hung: 0, truncated: 0, mixedUp: 0, duplicated: 0 };
  readonly statuses = new Map<string, number>();
  readonly #arrivals = new Map<number, number>();
  readonly #open = new Map<number, number>();
  sent = 0;
  succeeded = 0;
  /** When the requests began that failed, and that succeeded, ms. */
  readonly failures: number[] = [];
  readonly successes: { readonly start: number; readonly end: number }[] = [];

  /** A request begins. */
  begin(id: number, now: number): void {
    this.sent++;
    this.#open.set(id, now);
  }

  /** A request's head is at the origin. */
  arrived({ id, method }: Asked): void {
    const times = (this.#arrivals.get(id) ?? 0) + 1;
    this.#arrivals.set(id, times);
    if (method === 'POST' && times === 2) this.breaches.duplicated++;
  }

  /** The origin was told that a request is complete, with this content. */
  completed(request: Asked, bytes: number, sha256: string): void {
    if (bytes < request.upload) this.breaches.truncated++;
    else if (sha256 !== uploadHash(request)) this.breaches.mixedUp++;
  }

  /** A request is over at the client. */
  end(request: Asked, outcome: Outcome, now: number): void {
    const start = this.#open.get(request.id);
    if (start === undefined) return;
    this.#open.delete(request.id);
    const isGood = outcome.kind === 'answered' && outcome.status === 200 && this.#isOwn(request, outcome);
    const status = outcome.kind === 'cut' ? outcome.reason : String(outcome.status);
    if (isGood) {
      this.succeeded++;
      this.successes.push({ start, end: now });
    } else {
      this.failures.push(start);
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    }
  }

  /** Nobody waits any longer: what is still open hangs. */
  close(): void {
    this.breaches.hung += this.#open.size;
  }

  #isOwn(request: Asked, { id, bytes, sha256 }: Outcome & { kind: 'answered' }): boolean {
    const isOwn = id === String(request.id);
    const isWhole = bytes === request.download;
    if (!isOwn || (isWhole && sha256 !== downloadHash(request)) || bytes > request.download)
      this.breaches.mixedUp++;
    else if (!isWhole) this.breaches.truncated++;
    else return true;
    return false;
  }
}
