/** The client's own host changes its address, or loses its network for a while. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { hashEcho } from '../support/origin.ts';
import type { ClientEnd } from '../support/tunnel.ts';
import { clientEnd, origin, serverEnd } from './ends.fixture.ts';
import { type OtherHost, otherHost, whyNoOtherHost } from './network-namespace.fixture.ts';

const obstacle = whyNoOtherHost();

/** A session that is not replaced would be waited for longer than a test takes. */
const PATIENT = { transport: { max_idle_timeout: 60_000, keep_alive_interval: 500 } };

async function start(host: OtherHost): Promise<ClientEnd> {
  const { port } = await origin(hashEcho);
  const server = await serverEnd(port, { config: PATIENT });
  const general = { connect_address: host.tunnelHere, http_bind_address: `${host.controlThere}:0` };
  const system = { hold_timeout: 15_000, connect_interval: 200, log_format: 'json' };
  const config = { ...PATIENT, general, system };
  const client = await clientEnd(server.quicPort, { config, launcher: host.launcher });
  await client.process.waitForLog(/tunnel ready/);
  return client;
}

async function status(host: OtherHost, client: ClientEnd): Promise<number | undefined> {
  const request = get({ host: host.controlThere, port: client.httpPort, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

describe.skipIf(obstacle !== undefined)(
  `a client end${obstacle === undefined ? '' : ` (${obstacle})`}`,
  () => {
    it('whose host gets another address has another session soon', async () => {
      const host = otherHost();
      const client = await start(host);
      expect(await status(host, client)).toBe(200);
      const before = client.process.lines.length;
      host.ip('address', 'delete', `${host.tunnelThere(2)}/24`, 'dev', 'DEV');
      host.ip('address', 'add', `${host.tunnelThere(3)}/24`, 'dev', 'DEV');
      await client.process.waitForLog(/does not answer: connecting anew/, before);
      await client.process.waitForLog(/tunnel ready/, before);
      expect(await status(host, client)).toBe(200);
    });

    it('whose host has no network for a while holds requests, and goes on when it is back', async () => {
      const host = otherHost();
      const client = await start(host);
      const before = client.process.lines.length;
      host.ip('link', 'set', 'DEV', 'down');
      await client.process.waitForLog(/does not answer: connecting anew/, before);
      const held = status(host, client);
      await client.process.waitForLog(
        /cannot connect to .*: this host has no route there|ENETUNREACH/,
        before,
      );
      host.ip('link', 'set', 'DEV', 'up');
      expect(await held).toBe(200);
    });
  },
);
