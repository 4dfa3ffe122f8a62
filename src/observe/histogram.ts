import { Histogram, type Registry } from 'prom-client';

/** Upper bounds, seconds: from a request on one host to one that takes as long as most clients wait. */
export const DURATIONS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Counts durations, by plain numbers: an observation costs a few comparisons and allocates nothing. */
export class DurationHistogram {
  /** By bucket, the last one for what is over all bounds; not cumulative. */
  readonly counts: number[] = new Array(DURATIONS.length + 1).fill(0);
  /** Seconds. */
  sum = 0;
  count = 0;

  /** `duration`: milliseconds. */
  observe(duration: number): void {
    const seconds = duration / 1000;
    let bucket = 0;
    while (bucket < DURATIONS.length && seconds > (DURATIONS[bucket] as number)) bucket++;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += seconds;
    this.count++;
  }

  /** The bound, seconds, under which the share `quantile` of all durations lies; `undefined` when there is none. */
  bound(quantile: number): number | undefined {
    let seen = 0;
    for (let bucket = 0; bucket < DURATIONS.length; bucket++) {
      seen += this.counts[bucket] as number;
      if (seen > 0 && seen >= quantile * this.count) return DURATIONS[bucket];
    }
    return undefined;
  }
}

/** Shows a {@link DurationHistogram} in a registry. */
export class ShownHistogram extends Histogram {
  readonly #source: DurationHistogram;
  readonly #name: string;
  readonly #help: string;

  constructor(name: string, help: string, source: DurationHistogram, registry: Registry) {
    super({ name, help, buckets: [...DURATIONS], registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#source = source;
  }

  /** What a registry asks for when it writes text. */
  async getForPromString() {
    const { counts, sum, count } = this.#source;
    let seen = 0;
    const buckets = DURATIONS.map((bound, bucket) => {
      seen += counts[bucket] as number;
      return this.#sample('bucket', seen, { le: bound });
    });
    const values = [
      ...buckets,
      this.#sample('bucket', count, { le: '+Inf' }),
      this.#sample('sum', sum, {}),
      this.#sample('count', count, {}),
    ];
    return { name: this.#name, help: this.#help, type: 'histogram', values };
  }

  #sample(part: string, value: number, labels: Readonly<Record<string, string | number>>) {
    return { metricName: `${this.#name}_${part}`, labels, value };
  }
}
