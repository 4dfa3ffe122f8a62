import type { MetricDescription, ReadMetric } from './metric.ts';
import { METHODS, type RequestMeter, STATUSES } from './request-meter.ts';

const OUTCOMES = '`complete`, `aborted` (who asked went away), `failed` (the answer is ours, or was cut)';

/** What is counted of requests that are over. */
export const REQUEST_METRICS: readonly ReadMetric<RequestMeter>[] = [
  {
    name: 'ptproxy_requests_total',
    type: 'counter',
    unit: 'requests',
    labels: {
      method: METHODS.map((method) => `\`${method}\``).join(', '),
      status: STATUSES.map((status) => `\`${status}\``).join(', '),
    },
    help: 'Requests that are over, upgraded connections among them.',
    read: (meter) => meter.counts,
  },
  {
    name: 'ptproxy_request_outcomes_total',
    type: 'counter',
    unit: 'requests',
    labels: { outcome: OUTCOMES },
    help: 'How requests ended.',
    read: ({ outcomes }) => Object.entries(outcomes).map(([outcome, count]) => [{ outcome }, count]),
  },
  {
    name: 'ptproxy_request_content_bytes_total',
    type: 'counter',
    unit: 'bytes',
    help: 'Content of requests that are over, as carried.',
    read: (meter) => meter.requestBytes,
  },
  {
    name: 'ptproxy_response_content_bytes_total',
    type: 'counter',
    unit: 'bytes',
    help: 'Content of the responses to them.',
    read: (meter) => meter.responseBytes,
  },
];

/** A histogram of a {@link RequestMeter}. */
export interface HistogramMetric extends MetricDescription {
  readonly source: 'duration' | 'queued' | 'waited';
}

/** How long requests took; upgraded connections, which last for hours, are left out. */
export const REQUEST_HISTOGRAMS: readonly HistogramMetric[] = [
  {
    name: 'ptproxy_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From the head of a request to the end of everything.',
    source: 'duration',
  },
  {
    name: 'ptproxy_request_queue_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'Of that, waiting: for the tunnel or a stream of it (client), for its turn (server).',
    source: 'queued',
  },
  {
    name: 'ptproxy_request_wait_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'From leaving the line to the head of the response: far end and link (client), origin (server).',
    source: 'waited',
  },
];
