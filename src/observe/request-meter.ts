import type { RequestObserver, RequestOutcome, RequestRecord } from '../proxy/observer.ts';
import { DurationHistogram } from './histogram.ts';
import type { Sample } from './metric.ts';

/** Methods that are counted apart (RFC 9110 §9, RFC 5789); a client can make up any number of others. */
export const METHODS: readonly string[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'other',
];

/** Classes of status codes (RFC 9110 §15); `none`: there was no final response. */
export const STATUSES: readonly string[] = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

const INDEXES: ReadonlyMap<string, number> = new Map(METHODS.map((method, index) => [method, index]));
const OTHER = METHODS.length - 1;

/** Counts requests as they end, by plain numbers. */
export class RequestMeter implements RequestObserver {
  readonly outcomes: Record<RequestOutcome, number> = {
    complete: 0,
    aborted: 0,
    failed: 0,
  };
  /** Bytes of content. */
  requestBytes = 0;
  responseBytes = 0;
  /** From head to end, in line, and from there to the head of the response; upgraded connections are left out. */
  readonly duration = new DurationHistogram();
  readonly queued = new DurationHistogram();
  readonly waited = new DurationHistogram();
  /** By method, and in it by status. */
  readonly #counts: number[] = new Array(METHODS.length * STATUSES.length).fill(0);

  onRequestOver(record: RequestRecord): void {
    const method = INDEXES.get(record.method) ?? OTHER;
    const at = method * STATUSES.length + statusIndex(record.status);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.outcomes[record.outcome]++;
    this.requestBytes += record.requestBytes;
    this.responseBytes += record.responseBytes;
    if (record.upgraded) return;
    this.duration.observe(record.duration);
    this.queued.observe(record.queued);
    if (record.waited !== undefined) this.waited.observe(record.waited);
  }

  /** Requests by method and status; those that never came are left out. */
  get counts(): readonly Sample[] {
    return this.#counts.flatMap((count, at): Sample[] => {
      const method = METHODS[Math.floor(at / STATUSES.length)] ?? 'other';
      const status = STATUSES[at % STATUSES.length] ?? 'none';
      return count === 0 ? [] : [[{ method, status }, count]];
    });
  }

  /** Requests by status. */
  get statuses(): Readonly<Record<string, number>> {
    const sum = (status: number): number =>
      this.#counts.reduce((total, count, at) => (at % STATUSES.length === status ? total + count : total), 0);
    return Object.fromEntries(STATUSES.map((status, index) => [status, sum(index)]));
  }
}

function statusIndex(status: number | undefined): number {
  const index = status === undefined ? 0 : Math.floor(status / 100);
  return index < STATUSES.length ? index : 0;
}
