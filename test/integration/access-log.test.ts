/** The access log of real processes: both ends, requests of every fate, SIGHUP. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fetchWhole } from '../support/http-client.ts';
import type { CliProcess } from '../support/process.ts';
import type { ClientEnd } from '../support/tunnel.ts';
import { origin, tunnel } from './ends.fixture.ts';
import { closedTcpPort } from './ports.fixture.ts';

type Line = Readonly<Record<string, unknown>>;

/** The lines of the access log so far. */
function accessLog({ lines }: CliProcess): Line[] {
  return lines.map((line): Line => JSON.parse(line)).filter((line) => line.log === 'access');
}

const WITH = { config: { system: { access_log: true } } };

it('tells of a request at both ends by one name, which the origin and the answer have, too', async () => {
  const told: (string | undefined)[] = [];
  const { port } = await origin((request, response) => {
    told.push(String(request.headers['x-request-id']));
    request.resume().on('end', () => response.end('answer'));
  });
  const { client, server } = await tunnel(port, { client: WITH, server: WITH });
  await fetchWhole({ port: client.httpPort, path: '/a?q=1', method: 'POST', body: 'content' });
  await client.process.waitForLog(/POST \/a 200/);
  await server.process.waitForLog(/POST \/a 200/);
  const lines = [...accessLog(client.process), ...accessLog(server.process)];
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toMatchObject({
      ...{ level: 'info', method: 'POST', path: '/a', status: 200, outcome: 'complete' },
      ...{ request: told[0], requestBytes: 7, responseBytes: 6 },
    });
  }
  expect(lines[0]).toMatchObject({ tunnel: expect.any(Number), duration: expect.any(Number) });
  expect(lines[1]).toMatchObject({ origin: expect.any(Number), queued: expect.any(Number) });
  const established = /"connection":(\d+),"tag":"(\w+)"/;
  for (const [line, end] of [
    [lines[0], client],
    [lines[1], server],
  ] as const) {
    const [, connection, tag] = await end.process.waitForLog(established);
    expect(line?.connection).toBe(Number(connection));
    expect(told[0]).toBe(`${tag}-0`);
  }
});

it('tells of a request that failed by the name that the answer has', async () => {
  const { client, server } = await tunnel(await closedTcpPort(), { client: WITH, server: WITH });
  const { headers } = await fetchWhole({ port: client.httpPort });
  await client.process.waitForLog(/GET \/ 502/);
  await server.process.waitForLog(/GET \/ 502/);
  const request = headers['x-request-id'];
  expect(accessLog(client.process)).toMatchObject([{ request, status: 502, outcome: 'complete' }]);
  expect(accessLog(server.process)).toMatchObject([{ request, status: 502, outcome: 'failed' }]);
});

it('goes on and off by SIGHUP, and shows queries where that is asked for', async () => {
  const { port } = await origin((_request, response) => void response.end());
  const { client } = await tunnel(port);
  const ask = (path: string) => fetchWhole({ port: client.httpPort, path });
  const change = async (system: string): Promise<void> => {
    const from = client.process.lines.length;
    reconfigure(client, system);
    await client.process.waitForLog(/reloaded/, from);
  };
  await ask('/before?q');
  await change('access_log = true\naccess_log_query = true');
  await ask('/during?q');
  await change('access_log = true');
  await ask('/without?q');
  await change('access_log = false');
  await ask('/after?q');
  await client.process.stop();
  expect(accessLog(client.process).map(({ path }) => path)).toEqual(['/during?q', '/without']);
});

it('is told whatever log_level is', async () => {
  const { port } = await origin((_request, response) => void response.end());
  const { client } = await tunnel(port);
  reconfigure(client, 'access_log = true\nlog_level = "error"');
  await expect
    .poll(
      async () => {
        await fetchWhole({ port: client.httpPort });
        return accessLog(client.process).length;
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(2);
  expect(client.process.lines.filter((line) => line.includes('reloaded'))).toEqual([]);
});

/** Writes another `[system]` and has it read. */
function reconfigure({ process, file }: ClientEnd, system: string): void {
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/\[system\][^[]*/, `[system]\nlog_format = "json"\n${system}\n`));
  process.signal('SIGHUP');
}
