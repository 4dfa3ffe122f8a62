/** Both ends as processes with the emulated link between them, for the time of a measurement. */
import type { Link } from '../../src/demo/link.ts';
import { startTunnel } from '../../test/support/tunnel.ts';
import { TimedLoad } from './load.ts';
import type { Variant, WanLink } from './variant.ts';

export interface Wan {
  readonly load: TimedLoad;
  readonly link: Link;
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
  const pair = await startTunnel({
    originPort,
    client: { config },
    server: { config },
    link: { ...conditions, precise: true },
  });
  const { link } = pair;
  if (link === undefined) throw new Error('a tunnel without a link');
  const load = await TimedLoad.open(pair.client.httpPort);
  try {
    return await measure({ load, link, connected: connectTime(pair.client.process.output) });
  } finally {
    load.close();
    await pair.stop();
  }
}

/** Log lines carry the time: the client end dials as soon as it serves. */
function connectTime(log: string): number {
  const at = (message: string): number =>
    Date.parse(new RegExp(`"time":"([^"]+)"[^\\n]*"${message}`).exec(log)?.[1] ?? '');
  return at('tunnel ready') - at('serving HTTP/1.1');
}
