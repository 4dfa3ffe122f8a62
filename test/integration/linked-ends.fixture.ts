/** Both ends as real processes with an emulated link between them, for the time of the test. */
import { onTestFinished } from 'vitest';
import { createLink, type Link, type LinkOptions } from '../../src/demo/link.ts';
import type { Sections } from '../support/tunnel.ts';
import { clientEnd, serverEnd, type Tunnel } from './ends.fixture.ts';

export interface LinkedTunnel extends Tunnel {
  readonly link: Link;
}

/** The tunnel is ready. `config` is laid over the configuration of both ends. */
export async function linkedTunnel(
  originPort: number,
  conditions: Omit<LinkOptions, 'target'>,
  config: Sections = {},
): Promise<LinkedTunnel> {
  const server = await serverEnd(originPort, { config });
  const link = await createLink({ ...conditions, target: { host: '127.0.0.1', port: server.quicPort } });
  onTestFinished(() => link.close());
  const client = await clientEnd(link.address.port, { config });
  await client.process.waitForLog(/tunnel ready/);
  return { server, client, link };
}
