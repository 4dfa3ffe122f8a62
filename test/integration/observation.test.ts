/** How both ends are observed: metrics, readiness, status, as real processes. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { METRICS } from '../../src/observe/exposition.ts';
import type { StatusDocument } from '../../src/observe/status-document.ts';
import { fetchWhole, send } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';
import type { CliProcess } from '../support/process.ts';
import type { EndOptions } from '../support/tunnel.ts';
import { clientEnd, origin, serverEnd, tunnel } from './ends.fixture.ts';

/** Observed at a free port; a lost peer is noticed soon. */
const OBSERVED: EndOptions = {
  config: {
    transport: { max_idle_timeout: 1000, keep_alive_interval: 300 },
    system: { hold_timeout: 0, metrics_bind_address: '127.0.0.1:0' },
  },
};

interface End {
  readonly process: CliProcess;
}

/** Where an end says that it is observed. */
async function observedAt({ process }: End): Promise<number> {
  const [, port] = await process.waitForLog(/serving metrics and status at 127\.0\.0\.1:(\d+)/);
  return Number(port);
}

async function get(port: number, path: string): Promise<string> {
  const { status, body } = await fetchWhole({ port, path });
  return `${status} ${body}`.trim();
}

/** Values by name and labels, as Prometheus reads them. */
async function scrape(end: End): Promise<ReadonlyMap<string, number>> {
  const text = await get(await observedAt(end), '/metrics');
  const samples = [...text.matchAll(/^([a-z_]\S*(?:\{.*\})?) (\S+)$/gm)];
  return new Map(samples.map(([, name = '', value]) => [name, Number(value)]));
}

async function status(end: End): Promise<StatusDocument> {
  const { body } = await fetchWhole({ port: await observedAt(end), path: '/status' });
  return JSON.parse(body.toString());
}

/** Where an end read its configuration. */
function configurationOf({ process }: End): string {
  const command = readFileSync(`/proc/${process.pid}/cmdline`, 'utf8').split('\0');
  return command[command.indexOf('--config') + 1] ?? '';
}

/** Resolves when `action` no longer fails. */
const eventually = <T>(action: () => Promise<T>): Promise<T> => vi.waitFor(action, { timeout: 10_000 });

async function observedTunnel() {
  const service = await origin((request, response) => {
    if (request.url !== '/missing') return hashEcho(request, response);
    response.writeHead(404).end('no');
  });
  return tunnel(service.port, { server: OBSERVED, client: OBSERVED });
}

describe('metrics', () => {
  it('count at both ends what passes', async () => {
    const { client, server } = await observedTunnel();
    const port = client.httpPort;
    for (let nth = 0; nth < 3; nth++) await fetchWhole({ port });
    await fetchWhole({ port, method: 'POST', body: 'x'.repeat(1000) });
    await fetchWhole({ port, path: '/missing', method: 'PROPFIND' });
    for (const end of [client, server]) {
      const values = await eventually(async () => {
        const now = await scrape(end);
        expect(now.get('ptproxy_request_duration_seconds_count')).toBe(5);
        return now;
      });
      expect(Object.fromEntries(values)).toMatchObject({
        'ptproxy_requests_total{method="GET",status="2xx"}': 3,
        'ptproxy_requests_total{method="POST",status="2xx"}': 1,
        'ptproxy_requests_total{method="other",status="4xx"}': 1,
        'ptproxy_request_outcomes_total{outcome="complete"}': 5,
        'ptproxy_request_outcomes_total{outcome="failed"}': 0,
        ptproxy_request_content_bytes_total: 1000,
        'ptproxy_request_duration_seconds_bucket{le="+Inf"}': 5,
        ptproxy_request_wait_seconds_count: 5,
        ptproxy_tunnel_up: 1,
        ptproxy_ready: 1,
        ptproxy_connections: 1,
        ptproxy_connects_total: 1,
        ptproxy_requests_in_flight: 0,
        'ptproxy_connection_failures_total{phase="established",reason="silence"}': 0,
      });
      for (const name of ['sent_bytes_total', 'congestion_window_bytes', 'qpack_indexed_lines_total']) {
        expect(values.get(`ptproxy_${name}`)).toBeGreaterThan(0);
      }
      for (const whose of ['own', 'ca', 'peer']) {
        const expiry = values.get(`ptproxy_certificate_expiry_timestamp_seconds{certificate="${whose}"}`);
        expect(expiry).toBeGreaterThan(Date.now() / 1000);
      }
    }
    expect((await scrape(server)).get('ptproxy_origin_connections{state="idle"}')).toBe(1);
  });

  it('are all there that are documented, and no other', async () => {
    const server = await serverEnd(1, OBSERVED);
    const text = await get(await observedAt(server), '/metrics');
    const shown = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(shown.sort()).toEqual(METRICS.map(({ name, type }) => `${name} ${type}`).sort());
  });

  it('go on counting across a reload', async () => {
    const { client } = await observedTunnel();
    await fetchWhole({ port: client.httpPort });
    client.process.signal('SIGHUP');
    await eventually(async () => {
      const values = await scrape(client);
      expect(values.get('ptproxy_connects_total')).toBe(2);
      expect(values.get('ptproxy_connections')).toBe(1);
      expect(values.get('ptproxy_requests_total{method="GET",status="2xx"}')).toBe(1);
    });
  });
});

describe('readiness', () => {
  it('is that of the tunnel at the client: with the server it comes and goes', async () => {
    const service = await origin(hashEcho);
    const server = await serverEnd(service.port, OBSERVED);
    const client = await clientEnd(server.quicPort, OBSERVED);
    const port = await observedAt(client);
    await client.process.waitForLog(/tunnel ready/);
    expect(await get(port, '/readyz')).toBe('200 ready');
    server.process.signal('SIGKILL');
    await client.process.waitForLog(/connection \d+ lost/);
    expect(await get(port, '/readyz')).toMatch(/^503 client connection failed: connection \d+ lost: nothing/);
    expect(await get(port, '/healthz')).toBe('200 ok');
    const { ready, not_ready_because, last_failure } = await status(client);
    expect(ready).toBe(false);
    expect(not_ready_because).toMatch(/max_idle_timeout/);
    expect(last_failure?.reason).toMatch(/max_idle_timeout/);
    expect((await scrape(client)).get('ptproxy_tunnel_up')).toBe(0);
  });

  it('ends at either end when it drains', async () => {
    const held: ServerResponse[] = [];
    const service = await origin((_request, response) => void held.push(response));
    const { client, server } = await tunnel(service.port, { server: OBSERVED, client: OBSERVED });
    const request = send({ port: client.httpPort });
    const answered = once(request, 'response');
    await vi.waitUntil(() => held.length === 1, { timeout: 5000 });
    for (const end of [client, server]) {
      const port = await observedAt(end);
      expect(await get(port, '/readyz')).toBe('200 ready');
      end.process.signal('SIGTERM');
      await end.process.waitForLog(/SIGTERM: shutting down/);
      expect(await get(port, '/readyz')).toMatch(/^503 draining/);
    }
    held[0]?.end();
    await answered;
    expect(await client.process.exited).toMatchObject({ code: 0 });
    expect(await server.process.exited).toMatchObject({ code: 0 });
  });
});

describe('the status', () => {
  it('has this end, its peer and its settings, and no secret', async () => {
    const { client, server } = await observedTunnel();
    await fetchWhole({ port: client.httpPort });
    for (const [end, mode] of [
      [client, 'client'],
      [server, 'server'],
    ] as const) {
      const document = await status(end);
      expect(document).toMatchObject({ program: 'ptproxy', mode, ready: true, pid: end.process.pid });
      expect(document.connections).toHaveLength(1);
      expect(document.peer).toMatchObject([
        { version: document.version, settings: { initial_window: 14_720, max_idle_timeout: 1000 } },
      ]);
      expect(document.certificates.map(({ whose }) => whose)).toEqual(['own', 'ca', 'peer']);
      expect(document.settings).toMatchObject({
        transport: { max_idle_timeout: 1000 },
        system: { metrics_bind_address: '127.0.0.1:0' },
      });
      expect(JSON.stringify(document)).not.toContain('PRIVATE KEY');
    }
  });

  it('tells what is only waiting for a restart as it is now, and warnings of the log', async () => {
    const server = await serverEnd(1, OBSERVED);
    const port = await observedAt(server);
    await eventually(async () => expect(await get(port, '/readyz')).toBe('200 ready'));
    const file = configurationOf(server);
    writeFileSync(file, readFileSync(file, 'utf8').replace('quic_port = 0', 'quic_port = 1'));
    server.process.signal('SIGHUP');
    await server.process.waitForLog(/configuration and certificates reloaded/);
    const document = await status(server);
    expect(document.settings.general?.quic_port).toBe(0);
    expect(document.problems.at(-1)).toMatchObject({
      level: 'warn',
      message: 'these keys keep their values until a restart: general.quic_port',
    });
  });
});
