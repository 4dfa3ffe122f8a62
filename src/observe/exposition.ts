import { Registry } from 'prom-client';
import { ShownHistogram } from './histogram.ts';
import { type MetricDescription, type ReadMetric, register } from './metric.ts';
import { PROCESS_METRICS, type ProcessMeter } from './process-meter.ts';
import type { EndReadings } from './readings.ts';
import type { RequestMeter } from './request-meter.ts';
import { REQUEST_HISTOGRAMS, REQUEST_METRICS } from './request-metrics.ts';
import { TUNNEL_METRICS } from './tunnel-metrics.ts';

/** Who this is. */
export interface BuildFacts {
  readonly version: string;
  readonly mode: string;
}

const BUILD_METRIC: ReadMetric<BuildFacts> = {
  name: 'ptproxy_build_info',
  type: 'gauge',
  unit: 'always 1',
  labels: { version: 'of ptproxy', mode: '`client`, `server`', node: 'version of Node.js' },
  help: 'What runs here.',
  read: ({ version, mode }) => [[{ version, mode, node: process.version }, 1]],
};

/** Every metric, in the order in which they are shown. */
export const METRICS: readonly MetricDescription[] = [
  BUILD_METRIC,
  ...TUNNEL_METRICS,
  ...REQUEST_METRICS,
  ...REQUEST_HISTOGRAMS,
  ...PROCESS_METRICS,
];

/** What metrics are read from. */
export interface MetricSources {
  readonly build: BuildFacts;
  /** `undefined` while the end is not there yet. */
  readonly end: () => EndReadings | undefined;
  readonly requests: RequestMeter;
  readonly process: ProcessMeter;
}

/** The metrics as text for Prometheus. */
export class Exposition {
  readonly #registry = new Registry();
  readonly #sources: MetricSources;
  #end: EndReadings | undefined;

  constructor(sources: MetricSources) {
    this.#sources = sources;
    const { build, requests, process } = sources;
    register(this.#registry, BUILD_METRIC, () => build);
    for (const metric of TUNNEL_METRICS) register(this.#registry, metric, () => this.#end);
    for (const metric of REQUEST_METRICS) register(this.#registry, metric, () => requests);
    for (const { name, help, source } of REQUEST_HISTOGRAMS) {
      new ShownHistogram(name, help, requests[source], this.#registry);
    }
    for (const metric of PROCESS_METRICS) register(this.#registry, metric, () => process);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** What all values are now. */
  async text(): Promise<string> {
    this.#end = this.#sources.end();
    const text = await this.#registry.metrics();
    this.#sources.process.forgetDelays();
    return text;
  }
}
