import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRICS } from './exposition.ts';
import { renderMetrics } from './reference.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

/** Names of metrics in a text, without what histograms add to theirs. */
const metricsIn = (text: string): readonly string[] =>
  [...text.matchAll(/\b(?:ptproxy|process)_[a-z0-9_]+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  );

/** Headings of a Markdown text, as links have them. */
const anchors = (text: string): readonly string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

const names = new Set(METRICS.map(({ name }) => name));

describe('the reference of metrics', () => {
  it('is not stale: npm run docs writes it', () => {
    expect(read('docs/metrics.md')).toBe(renderMetrics());
  });

  it('describes each metric once', () => {
    const headings = [...renderMetrics().matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual([...names]);
  });
});

describe('metrics', () => {
  it('have names as Prometheus wants them', () => {
    for (const { name, type, help } of METRICS) {
      expect(name).toMatch(/^(ptproxy|process)_[a-z0-9_]+$/);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      expect(help).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe.each(['config/alerts.yml', 'config/grafana-dashboard.json'])('%s', (file) => {
  it('uses metrics that there are', () => {
    const used = metricsIn(read(file)).filter((name) => !names.has(name));
    expect(used).toEqual([]);
  });
});

describe('each alert', () => {
  const alerts = read('config/alerts.yml')
    .split(/^ *- alert: /m)
    .slice(1);

  it.each(alerts.map((text) => [text.split('\n', 1)[0] ?? '', text]))('%s has its section', (name, text) => {
    const section = /runbook: .*operations\.md#(\S+)$/m.exec(text)?.[1];
    expect(section).toBe(name.toLowerCase());
    expect(anchors(read('docs/operations.md'))).toContain(section);
    expect(text).toMatch(/^ +severity: (warning|critical)$/m);
  });

  it('is told of in the operations guide, and no other', () => {
    const told = [...read('docs/operations.md').matchAll(/^### (Ptproxy\w+)$/gm)].map(([, name]) => name);
    expect(told).toEqual(alerts.map((text) => text.split('\n', 1)[0]));
  });
});
