/** Both ends as processes with the emulated link between them, for the time of a measurement. */
import { startClientEnd, startServerEnd } from '../../test/support/tunnel.ts';
import { LinkProcess } from './link-process.ts';
import { TimedLoad } from './load.ts';
import type { Variant, WanLink } from './variant.ts';

export interface Wan {
  readonly load: TimedLoad;
  readonly link: LinkProcess;
  /** From the client end's first datagram to the tunnel being ready, ms. */
  readonly connected: number;
}

export async function withTunnel<T>(
  originPort: number,
  { transport }: Variant,
  conditions: WanLink & { readonly seed: number },
  measure: (wan: Wan) => Promise<T>,
): Promise<T> {
  const config = { transport };
  const server = await startServerEnd(originPort, { config });
  const target = { host: '127.0.0.1', port: server.quicPort };
  const link = await LinkProcess.open({ ...conditions, precise: true, target });
  const client = await startClientEnd(link.port, { config });
  await client.process.waitForLog(/tunnel ready/);
  const load = await TimedLoad.open(client.httpPort);
  try {
    return await measure({ load, link, connected: connectTime(client.process.output) });
  } finally {
    load.close();
    await Promise.all([client.process.stop(), server.process.stop()]);
    await link.close();
  }
}

/** Log lines carry the time: the client end dials as soon as it serves. */
function connectTime(log: string): number {
  const at = (message: string): number =>
    Date.parse(new RegExp(`"time":"([^"]+)"[^\\n]*"${message}`).exec(log)?.[1] ?? '');
  return at('tunnel ready') - at('serving HTTP/1.1');
}
