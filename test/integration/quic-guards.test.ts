/** What stands between the server's port and the engine: each guard, met with real datagrams. */
import { afterEach, describe, expect, it } from 'vitest';
import type { EngineConfig } from '../../src/quic/native.ts';
import type { QuicOptions } from '../../src/quic/options.ts';
import { hostileCertificate } from '../support/hostile-certificate.ts';
import { closeAll, dial, linkTo, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { rawConfig } from '../support/quic-raw.ts';
import { Stranger } from '../support/stranger.ts';

const strangers: Stranger[] = [];

afterEach(async () => {
  for (const stranger of strangers.splice(0)) stranger.close();
  await closeAll();
});

async function strangerConfig(): Promise<EngineConfig> {
  const { identity } = await quicOptions('client');
  return rawConfig(identity.ca, identity.chain, identity.key);
}

/** Somebody at an address of this host who knows the server's. */
async function strangerTo(server: QuicServer, host?: string, idLength?: number): Promise<Stranger> {
  const stranger = await Stranger.open(server.port, await strangerConfig(), host, idLength);
  strangers.push(stranger);
  return stranger;
}

/** Sends a first datagram and gives the answer, which the stranger's engine is not told of. */
async function knock(stranger: Stranger): Promise<Buffer> {
  stranger.send(stranger.next() ?? Buffer.alloc(0));
  return stranger.answer();
}

/** Begins three handshakes that never go on. */
async function crowd(server: QuicServer): Promise<void> {
  for (let count = 0; count < 3; count++) await knock(await strangerTo(server, '127.0.0.2'));
}

const isRetry = (datagram: Buffer): boolean => ((datagram[0] ?? 0) & 0xf0) === 0xf0;
const warnings = (server: QuicServer): string[] => server.log.lines.filter((line) => line.startsWith('warn'));

/** A server that asks everybody for a Retry, and one who has answered it. */
async function retried(
  options: Partial<QuicOptions> = {},
): Promise<{ server: QuicServer; stranger: Stranger; second: Buffer }> {
  const server = await QuicServer.start(options);
  await crowd(server);
  const stranger = await strangerTo(server);
  stranger.take(await knock(stranger));
  return { server, stranger, second: stranger.next() ?? Buffer.alloc(0) };
}

describe('the list of allowed addresses', () => {
  it('keeps others out, and may change while connections are there', async () => {
    const server = await QuicServer.start({ allowFrom: ['192.0.2.0/24'] });
    await expect(dial(server.port, { maxIdleTimeout: 150, initialRtt: 30 })).rejects.toThrow(/no answer/);
    expect(server.endpoint.meter.drops.not_allowed).toBeGreaterThan(0);
    server.endpoint.reconfigure(await quicOptions('server', { allowFrom: ['127.0.0.0/8'] }));
    const client = await dial(server.port);
    const end = await server.end();
    server.endpoint.reconfigure(await quicOptions('server', { allowFrom: ['192.0.2.0/24'] }));
    const id = client.open();
    await client.send(id, 1000, 1);
    await end.received(id);
  });

  it('knows IPv4 behind a socket for both families', async () => {
    const server = await QuicServer.start({ allowFrom: ['127.0.0.1/32'] }, '::');
    await dial(server.port);
    await server.end();
  });
});

describe('while three handshakes are half open', () => {
  it('a client has to answer a Retry, and gets in', async () => {
    const server = await QuicServer.start();
    await crowd(server);
    const client = await dial(server.port);
    const end = await server.end();
    expect(server.endpoint.meter.retries).toBe(1);
    expect(client.connection.tag).toBe(end.connection.tag);
    expect(server.endpoint.connections).toBe(4);
  });

  it('a client gets in also where its own address has all of them, as those of attempts that are long over', async () => {
    const server = await QuicServer.start();
    for (let count = 0; count < 5; count++) await knock(await strangerTo(server));
    await dial(server.port);
    await server.end();
    expect(server.endpoint.connections).toBe(4);
  });

  it('those who do not answer it leave nothing behind, and are sent less than they sent', async () => {
    const server = await QuicServer.start();
    await crowd(server);
    for (let count = 0; count < 50; count++) {
      const answer = await knock(await strangerTo(server, '127.0.0.3'));
      expect(isRetry(answer)).toBe(true);
      expect(answer.length).toBeLessThan(1200);
    }
    expect(server.endpoint.connections).toBe(3);
    expect(server.endpoint.meter.retries).toBe(50);
  });

  it.each([
    ['port', '127.0.0.1'],
    ['address', '127.0.0.4'],
  ])('a token is worth nothing from another %s', async (_what, host) => {
    const { server, second } = await retried();
    (await strangerTo(server, host)).send(second);
    await dial(server.port);
    await server.end();
    expect(server.endpoint.meter.drops.bad_token).toBe(1);
    expect(server.endpoint.connections).toBe(4);
  });

  it('a token makes one connection, however often it comes, also when that is over', async () => {
    const { server, stranger, second } = await retried({ maxIdleTimeout: 300 });
    stranger.send(second);
    await stranger.answer();
    stranger.send(second);
    expect(server.endpoint.connections).toBe(4);
    await expect.poll(() => server.endpoint.connections).toBe(0);
    stranger.send(second);
    await dial(server.port);
    await server.end();
    expect(server.endpoint.meter.drops.closed_connection).toBeGreaterThanOrEqual(1);
    expect(server.endpoint.connections).toBe(1);
  });
});

describe('a certificate', () => {
  it.each([
    ['of 60 KB', 60_000],
    ['that takes a tenth of a second to read', 9000],
  ])('%s ends the handshake before it is read', async (_what, size) => {
    const server = await QuicServer.start();
    const { identity } = await quicOptions('client');
    const { certificate, key } = hostileCertificate(size);
    const config = rawConfig(identity.ca, Buffer.from(certificate), Buffer.from(key));
    const stranger = await Stranger.open(server.port, config);
    strangers.push(stranger);
    await stranger.establish();
    for (let sent = 0; sent < 20; sent++) {
      stranger.engine.sendAckEliciting();
      stranger.flush();
    }
    expect((await server.refusal()).reason).toMatch(/more than a handshake takes/);
    expect(server.endpoint.meter.drops.handshake_bytes).toBe(1);
  });
});

describe('an address that changes', () => {
  it('is not followed where the connection ID of the client is not empty', async () => {
    const server = await QuicServer.start();
    const client = await strangerTo(server, '127.0.0.1', 8);
    await client.establish();
    await server.end();
    client.engine.sendAckEliciting();
    const datagram = client.next() ?? Buffer.alloc(0);
    const elsewhere = await strangerTo(server);
    elsewhere.send(datagram);
    await dial(server.port);
    await server.end(1);
    expect(server.endpoint.meter.drops.other_address).toBe(1);
    client.send(datagram);
    await client.answer();
  });
});

describe('an authenticated peer that sends nothing of use', () => {
  const options = { streamReceiveWindow: 100_000 };
  /** Sends the same datagrams again and again, until too much of them came. */
  async function repeat(client: Stranger, bytes: number): Promise<void> {
    client.engine.streamSend(0, Buffer.alloc(1000), false);
    const datagram = client.next() ?? Buffer.alloc(0);
    for (let sent = 0; sent < bytes / datagram.length; sent++) {
      client.send(datagram);
      if (sent % 32 === 0) await new Promise(setImmediate);
    }
  }

  it('is told so and disconnected', async () => {
    const server = await QuicServer.start(options);
    const client = await strangerTo(server);
    await client.establish();
    const end = await server.end();
    await repeat(client, 2 ** 20 + 2 * 100_000);
    client.persist();
    // Twice as many bytes as are too many.
    for (let pings = 0; end.closed === undefined && pings < 100_000; pings += 32) {
      for (let ping = 0; ping < 32; ping++) {
        client.engine.sendAckEliciting();
        client.flush();
      }
      await new Promise(setImmediate);
    }
    expect(end.closed).toMatchObject({ source: 'local', code: 0x0a });
    expect(end.closed?.reason).toMatch(/of no use/);
    expect(server.endpoint.meter.drops.junk).toBe(1);
  });

  it('is not blamed for what others may have sent in its name', async () => {
    const server = await QuicServer.start(options);
    const client = await strangerTo(server);
    await client.establish();
    const end = await server.end();
    await repeat(client, 6 * 2 ** 20);
    // What comes behind all that: by then it has been looked at.
    client.persist();
    client.engine.streamSend(4, Buffer.from('x'), false);
    while (end.stream(4).bytes === 0 && end.closed === undefined) {
      client.engine.sendAckEliciting();
      client.flush();
      await new Promise(setImmediate);
    }
    expect(end.closed).toBeUndefined();
    expect(server.endpoint.meter.drops.junk).toBe(0);
  });
});

describe('datagrams for a connection that is over', () => {
  it('are nothing to warn about', async () => {
    const server = await QuicServer.start({ maxIdleTimeout: 200 });
    const client = await strangerTo(server);
    await client.establish();
    await server.end();
    client.engine.sendAckEliciting();
    const late = client.next() ?? Buffer.alloc(0);
    await expect.poll(() => server.endpoint.connections).toBe(0);
    client.send(late);
    await dial(server.port);
    await server.end(1);
    expect(server.endpoint.meter.drops.closed_connection).toBe(1);
    expect(warnings(server)).toEqual([]);
  });

  it('of a former process are answered with a stateless reset, at which the client gives it up', async () => {
    const former = await QuicServer.start();
    const { port } = former;
    const link = await linkTo(former, {});
    const client = await dial(link.address.port, { keepAliveInterval: 100 });
    await former.end();
    // A reset is short, and what the former process says at its end is not.
    link.filter('down', ({ length }) => length <= 43);
    await former.endpoint.close(0x100, 'never heard '.repeat(10));
    await QuicServer.start({}, '127.0.0.1', port);
    await client.until(() => client.closed !== undefined);
    expect(client.closed?.reason).toMatch(/knows nothing of this connection any more/);
  });
});

describe('datagrams that the peer cannot have made', () => {
  it('are no sign of life: the client tells of the silence behind them', async () => {
    const server = await QuicServer.start();
    const link = await linkTo(server, {});
    const client = await dial(link.address.port, { maxIdleTimeout: 30_000 });
    link.filter('down', (datagram) => {
      datagram.fill(0x41, 8);
      return true;
    });
    const id = client.open();
    const busy = setInterval(() => client.connection.write(id, Buffer.alloc(100), false), 20);
    await client.until(() => client.conditions.includes('silent'));
    link.filter('down', undefined);
    await client.until(() => client.conditions.includes('answering'));
    clearInterval(busy);
    expect(client.closed).toBeUndefined();
  });
});
