/** Metrics of running ends, alerts and dashboard, as Prometheus' own tool judges them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { clientEnd, origin, serverEnd } from '../integration/ends.fixture.ts';
import { temporaryFolder } from '../support/certificates.ts';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';
import type { CliProcess } from '../support/process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const OBSERVED = { config: { system: { metrics_bind_address: '127.0.0.1:0' } } };

function promtool(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: ROOT, input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

async function metricsOf(process: CliProcess): Promise<string> {
  const [, port] = await process.waitForLog(/serving metrics and status at .*?:(\d+)/);
  return String((await fetchWhole({ port: Number(port), path: '/metrics' })).body);
}

describe('promtool check metrics', () => {
  it('has nothing to say about either end', async () => {
    const service = await origin(hashEcho);
    const server = await serverEnd(service.port, OBSERVED);
    const client = await clientEnd(server.quicPort, OBSERVED);
    await client.process.waitForLog(/tunnel ready/);
    for (const method of ['GET', 'POST', 'PROPFIND']) await fetchWhole({ port: client.httpPort, method });
    for (const { process } of [client, server]) {
      const text = await metricsOf(process);
      expect(text).toContain('ptproxy_requests_total{method="GET",status="2xx"} 1');
      expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, output: '' });
    }
  });
});

describe('alerts', () => {
  it('are rules that Prometheus takes', () => {
    expect(promtool(['check', 'rules', 'config/alerts.yml'])).toMatchObject({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });

  it('fire when they should, and not when they should not', () => {
    expect(promtool(['test', 'rules', 'test/promtool/alerts.yml'])).toMatchObject({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });
});

describe('the dashboard', () => {
  it('asks what Prometheus can answer', () => {
    const dashboard = JSON.parse(readFileSync(join(ROOT, 'config/grafana-dashboard.json'), 'utf8'));
    const queries: string[] = dashboard.panels.flatMap((panel: { targets: { expr: string }[] }) =>
      panel.targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m')),
    );
    const rules = queries.map(
      (expr, index) => `{"record": "query:${index}", "expr": ${JSON.stringify(expr)}}`,
    );
    const file = join(temporaryFolder(), 'dashboard.yml');
    writeFileSync(file, `groups: [{"name": "dashboard", "rules": [${rules.join(', ')}]}]\n`);
    expect(queries.length).toBeGreaterThan(20);
    expect(promtool(['check', 'rules', file])).toMatchObject({
      status: 0,
      output: expect.stringContaining('SUCCESS'),
    });
  });
});
