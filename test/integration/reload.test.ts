/** SIGHUP: certificates and settings change under load, and nothing is dropped. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type IdentityFiles, Pki, temporaryFolder } from '../support/certificates.ts';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho, type Origin, startOrigin } from '../support/origin.ts';
import { startTunnel, type TunnelPair } from '../support/tunnel.ts';

const open: { stop(): Promise<unknown> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.stop();
});

/** The files of one end, which a reload reads again. */
class EndFiles {
  readonly tls = {
    ca: join(temporaryFolder(), 'ca.pem'),
    cert: join(temporaryFolder(), 'cert.pem'),
    key: join(temporaryFolder(), 'key.pem'),
  };

  trust(...authorities: readonly Pki[]): void {
    writeFileSync(this.tls.ca, authorities.map(({ ca }) => readFileSync(ca, 'utf8')).join('\n'));
  }

  present({ cert, key }: IdentityFiles): void {
    copyFileSync(cert, this.tls.cert);
    copyFileSync(key, this.tls.key);
  }
}

/** Stands for the status of a request whose answer did not come, or not whole. */
const NO_ANSWER = 0;

/** Requests one behind the other, on a few connections at once, until told to stop; the statuses that came. */
function underLoad(port: number): () => Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const statuses: number[] = [];
  let going = true;
  const loops = Array.from({ length: 4 }, async () => {
    while (going) {
      const answer = fetchWhole({ port, method: 'POST', body: 'x'.repeat(1000), agent });
      statuses.push(
        await answer.then(
          ({ status }) => status,
          () => NO_ANSWER,
        ),
      );
    }
  });
  return async () => {
    going = false;
    await Promise.all(loops);
    agent.destroy();
    return statuses;
  };
}

async function startPair(client: EndFiles, server: EndFiles): Promise<{ origin: Origin; pair: TunnelPair }> {
  const origin = await startOrigin(hashEcho);
  const pair = await startTunnel({
    originPort: origin.port,
    client: { config: { tls: client.tls } },
    server: { config: { tls: server.tls } },
  });
  open.push(origin, pair);
  return { origin, pair };
}

/** Sends SIGHUP and waits for what it leads to. */
async function reload({ client }: TunnelPair, outcome: RegExp): Promise<void> {
  const { process } = client;
  const from = process.lines.length;
  process.signal('SIGHUP');
  await process.waitForLog(outcome, from);
}

async function reloadServer({ client, server }: TunnelPair): Promise<void> {
  const seen = client.process.lines.length;
  const from = server.process.lines.length;
  server.process.signal('SIGHUP');
  await server.process.waitForLog(/certificates reloaded/, from);
  await client.process.waitForLog(/tunnel ready/, seen);
}

describe('SIGHUP under load', () => {
  it('moves both ends to another authority without a failed request', async () => {
    const [before, after] = [await Pki.create('before'), await Pki.create('after')];
    const [client, server] = [new EndFiles(), new EndFiles()];
    client.trust(before);
    client.present(await before.client());
    server.trust(before);
    server.present(await before.server());
    const { pair } = await startPair(client, server);
    const stopLoad = underLoad(pair.client.httpPort);

    // The documented order: trust both, switch, drop the old one.
    server.trust(before, after);
    await reloadServer(pair);
    client.trust(before, after);
    await reload(pair, /tunnel ready/);
    server.present(await after.server());
    await reloadServer(pair);
    client.present(await after.client());
    await reload(pair, /tunnel ready/);
    server.trust(after);
    await reloadServer(pair);
    client.trust(after);
    await reload(pair, /tunnel ready/);

    const statuses = await stopLoad();
    expect(statuses.length).toBeGreaterThan(10);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  });

  it('keeps the old files when the new ones are no good', async () => {
    const pki = await Pki.create();
    const [client, server] = [new EndFiles(), new EndFiles()];
    for (const end of [client, server]) end.trust(pki);
    client.present(await pki.client());
    server.present(await pki.server());
    const { pair } = await startPair(client, server);
    const stopLoad = underLoad(pair.client.httpPort);
    writeFileSync(client.tls.key, 'no key at all');
    await reload(pair, /reload failed, all stays as it was: .*tls\.key/);
    expect((await stopLoad()).filter((status) => status !== 200)).toEqual([]);
    expect(pair.client.process.lines.filter((line) => line.includes('reload failed'))).toHaveLength(1);
  });
});
