import { METRICS } from './exposition.ts';
import { DURATIONS } from './histogram.ts';
import type { MetricDescription } from './metric.ts';

const INTRODUCTION = `# Metrics

<!-- Written by \`npm run docs\` from the tables in src/observe. Change those, not this file. -->

Each end serves them at \`/metrics\` of \`metrics_bind_address\`, in Prometheus' text format. Counters begin at 0 with the
process and go on across reloads and new connections. No label takes its values from requests or from strangers, so that
their number is bounded. Bytes are bytes and times are seconds.

Besides there are \`/healthz\` (200: the process answers), \`/readyz\` (200, or 503 with the reason: at the client the tunnel is
down, at either end it is about to stop) and \`/status\` (JSON; \`ptproxy status\` shows it).

[config/alerts.yml](../config/alerts.yml) has alerts made of these metrics, [config/grafana-dashboard.json](../config/grafana-dashboard.json)
a dashboard, and [operations.md](operations.md) says what each alert means. For Prometheus' own configuration:

\`\`\`yaml
rule_files: [/etc/prometheus/ptproxy-alerts.yml]
scrape_configs:
  - job_name: ptproxy
    static_configs:
      - targets: ["client.example.org:9464", "server.example.org:9464"]
\`\`\`
`;

/** The reference of all metrics, as Markdown. */
export function renderMetrics(): string {
  const buckets = `Bounds of the histograms, seconds: ${DURATIONS.join(', ')}.\n`;
  return [INTRODUCTION, buckets, ...METRICS.map(renderMetric)].join('\n');
}

function renderMetric({ name, type, unit, labels = {}, help }: MetricDescription): string {
  const lines = Object.entries(labels).map(([label, values]) => `- label \`${label}\`: ${values}\n`);
  const list = lines.length === 0 ? '' : `\n${lines.join('')}`;
  return `## ${name}\n\n${help} Type: ${type}. Unit: ${unit}.\n${list}`;
}
