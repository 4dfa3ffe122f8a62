/** This program at both ends, as it is built, or another build of it to compare with. */
import { readFileSync } from 'node:fs';
import { type Sections, startClientEnd, startServerEnd } from '../../test/support/tunnel.ts';
import type { Running, Subject } from '../subject.ts';

/** What a user would say of a link that is this host: as good as no delay, and a wide window. */
export const LOOPBACK = { initial_rtt: 1, initial_window: 655_270, max_concurrent_http_streams: 20_000 };

export interface PtproxyOptions {
  readonly name: string;
  readonly description: string;
  /** `dist/main.js` of the build. */
  readonly program: string;
  readonly transport?: Readonly<Record<string, string | number>>;
}

export function ptproxy({ name, description, program, transport }: PtproxyOptions): Subject {
  const config = { transport: { ...LOOPBACK, ...transport } };
  return {
    name,
    description,
    version: JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
    start: (originPort) => start(originPort, program, config),
  };
}

async function start(originPort: number, program: string, config: Sections): Promise<Running> {
  const options = { config, program };
  const server = await startServerEnd(originPort, options);
  const serverUp = performance.now() - server.process.startedAt;
  const client = await startClientEnd(server.quicPort, options);
  const clientUp = performance.now() - client.process.startedAt;
  await client.process.waitForLog(/tunnel ready/);
  return {
    port: client.httpPort,
    ends: { client: client.process.pid, server: server.process.pid },
    startUp: { client: clientUp, server: serverUp },
    stop: async () => {
      await Promise.all([client.process.stop(), server.process.stop()]);
    },
  };
}
