import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadIdentity } from '../config/identity.ts';
import { loadConfig } from '../config/load.ts';
import { createDemoFiles, type DemoFiles } from './files.ts';

let files: DemoFiles | undefined;

afterEach(() => files?.remove());

describe('the demo configurations', () => {
  it('load, with certificates that fit their keys', async () => {
    files = await createDemoFiles({ rtt: 150, rate: 30 });
    const server = loadConfig(await files.writeServer(8080), {});
    const client = loadConfig(await files.writeClient(4433), {});
    for (const { tls } of [server, client]) expect(loadIdentity(tls, {}).warnings).toEqual([]);
    expect(client.general.quic_port).toBe(4433);
    expect(client.transport).toMatchObject({ initial_rtt: 150, initial_window: 562_500 });
    expect(server.transport).toEqual(client.transport);
  });

  it.each([
    { rtt: 0, rate: 30, window: 12_000, initialRtt: 1 },
    { rtt: 1000, rate: 1000, window: 655_270, initialRtt: 1000 },
  ])('keep within limits at $rtt ms and $rate Mbit/s', async ({ rtt, rate, window, initialRtt }) => {
    files = await createDemoFiles({ rtt, rate });
    const { transport } = loadConfig(await files.writeClient(4433), {});
    expect(transport).toMatchObject({ initial_window: window, initial_rtt: initialRtt });
  });

  it("are nobody else's to read, and go away", async () => {
    files = await createDemoFiles({ rtt: 150, rate: 30 });
    const directory = dirname(await files.writeClient(4433));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    files.remove();
    expect(existsSync(directory)).toBe(false);
  });
});
