import { readdirSync } from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { descriptorLimit } from '../system/descriptors.ts';
import type { ReadMetric } from './metric.ts';

/** How often the event loop's delay is measured, milliseconds: each time wakes the process, which has to cost nothing. */
const RESOLUTION = 100;

/** What is known of this process. */
export class ProcessMeter {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });

  constructor() {
    this.#delay.enable();
  }

  /** Seconds that the event loop was late, since the last call of {@link forgetDelays}. */
  get delays(): { readonly mean: number; readonly p99: number; readonly max: number } {
    const { mean, max } = this.#delay;
    return { mean: lateness(mean), p99: lateness(this.#delay.percentile(99)), max: lateness(max) };
  }

  forgetDelays(): void {
    this.#delay.reset();
  }

  stop(): void {
    this.#delay.disable();
  }
}

// What is measured is the time between two ticks, in nanoseconds; before the first one it is not a number.
function lateness(nanoseconds: number): number {
  return Math.max(0, (Number.isNaN(nanoseconds) ? 0 : nanoseconds) / 1e9 - RESOLUTION / 1000);
}

/** Metrics of the process. Those that every client library of Prometheus has keep the names that they have there. */
export const PROCESS_METRICS: readonly ReadMetric<ProcessMeter>[] = [
  {
    name: 'ptproxy_event_loop_delay_mean_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How late the event loop was, on average, since the scrape before.',
    read: ({ delays }) => delays.mean,
  },
  {
    name: 'ptproxy_event_loop_delay_p99_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'The same, 99 times in 100 at most.',
    read: ({ delays }) => delays.p99,
  },
  {
    name: 'ptproxy_event_loop_delay_max_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'The same, at worst.',
    read: ({ delays }) => delays.max,
  },
  {
    name: 'ptproxy_event_loop_active_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'Time in which the event loop was not waiting for something to do. One end uses one: 1 per second is all.',
    read: () => performance.eventLoopUtilization().active / 1000,
  },
  {
    name: 'ptproxy_heap_used_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: "JavaScript's part of the memory.",
    read: () => getHeapStatistics().used_heap_size,
  },
  {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'Time of all processors that the process has used.',
    read: () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
  },
  {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the process.',
    // It is read from a file, which takes a descriptor.
    read: () => attempt(() => process.memoryUsage.rss()),
  },
  {
    name: 'process_start_time_seconds',
    type: 'gauge',
    unit: 'seconds since 1970',
    help: 'When the process started.',
    read: () => performance.timeOrigin / 1000,
  },
  {
    name: 'process_open_fds',
    type: 'gauge',
    unit: 'descriptors',
    help: 'Files and sockets that are open; Linux only.',
    read: () => attempt(() => readdirSync('/proc/self/fd').length),
  },
  {
    name: 'process_max_fds',
    type: 'gauge',
    unit: 'descriptors',
    help: 'As many may be; Linux only.',
    read: descriptorLimit,
  },
];

function attempt(read: () => number | undefined): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
