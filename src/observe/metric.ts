import { Counter, Gauge, type Registry } from 'prom-client';

/** What documentation says of a metric. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What is counted or measured. */
  readonly unit: string;
  /** Labels, with the values that they have: always few. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly help: string;
}

/** A value with its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string | number>>, value: number];

/** A metric that is read from `Source` when somebody asks; `undefined`: there is no value now. */
export interface ReadMetric<Source> extends MetricDescription {
  readonly type: 'counter' | 'gauge';
  read(source: Source): number | readonly Sample[] | undefined;
}

/** Puts a metric into a registry; its values come from what `source` gives at that time. */
export function register<Source>(
  registry: Registry,
  metric: ReadMetric<Source>,
  source: () => Source | undefined,
): void {
  const { name, help, labels = {} } = metric;
  const samples = (): readonly Sample[] => {
    const from = source();
    const values = from === undefined ? undefined : metric.read(from);
    return typeof values === 'number' ? [[{}, values]] : (values ?? []);
  };
  const options = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (metric.type === 'counter') {
    const counter: Counter = new Counter({ ...options, collect: () => refill(counter, samples()) });
  } else {
    const gauge: Gauge = new Gauge({ ...options, collect: () => refill(gauge, samples()) });
  }
}

function refill(metric: Counter | Gauge, samples: readonly Sample[]): void {
  metric.reset();
  // What `reset` leaves of a metric without labels: a zero, even when there is no value.
  metric.remove({});
  for (const [labels, value] of samples) metric.inc({ ...labels }, value);
}
