import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { patternBytes, patternHash, patternStream, sha256 } from '../support/pattern.ts';
import { rawOrigin, tunnel } from './ends.fixture.ts';
import { watchMemory } from './memory.fixture.ts';

const MB = 1_000_000;
const ASK = 'GET /pipe HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: pipe/1\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: pipe/1\r\n\r\n';

/** An application and an origin, joined by an upgrade to a protocol of their own; neither reads yet. */
async function joined(config = {}) {
  const origins: Socket[] = [];
  let asked: () => void = () => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const { port } = await rawOrigin((socket) => {
    socket.allowHalfOpen = true;
    origins.push(socket);
    asked();
  });
  const ends = await tunnel(port, { client: { config }, server: { config } });
  const near = connect({ host: '127.0.0.1', port: ends.client.httpPort, allowHalfOpen: true });
  near.on('error', () => {});
  onTestFinished(() => {
    near.destroy();
  });
  near.write(ASK);
  await arrived;
  const far = origins[0] as Socket;
  await head(far);
  far.write(SWITCHED);
  expect(await head(near)).toMatch(/^HTTP\/1\.1 101 /);
  return { ...ends, near, far };
}

/** Reads up to the end of a head, and nothing that comes behind. */
async function head(socket: Socket): Promise<string> {
  let text = '';
  while (!text.endsWith('\r\n\r\n')) {
    const byte: Buffer | null = socket.read(1);
    if (byte === null) await once(socket, 'readable');
    else text += byte.toString('latin1');
  }
  return text;
}

async function whole(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

describe('an upgrade to any protocol, through both ends', () => {
  it('carries bytes both ways, and the end of each for itself', async () => {
    const { near, far } = await joined();
    const up = whole(far);
    near.end(patternBytes(5 * MB, 1));
    expect(sha256(await up)).toBe(patternHash(5 * MB, 1));
    const down = whole(near);
    await pipeline(patternStream(5 * MB, 2), far);
    expect(sha256(await down)).toBe(patternHash(5 * MB, 2));
  });

  it.each(['application', 'origin'] as const)('is cut within 200 ms when the %s resets', async (who) => {
    const { near, far } = await joined();
    const [dying, other] = who === 'application' ? [near, far] : [far, near];
    const start = performance.now();
    other.resume();
    dying.resetAndDestroy();
    const [error] = (await once(other, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    expect(performance.now() - start).toBeLessThan(200);
  });

  it.each(['application', 'origin'] as const)(
    'holds back the sender while the %s does not read, in bounded memory',
    async (who) => {
      const { near, far, client, server } = await joined();
      const [reader, sender] = who === 'application' ? [near, far] : [far, near];
      const processes = [client.process, server.process];
      const { result: written, memory } = await watchMemory(processes, () => fill(sender));
      // A stream's credit, what the ends hold beside it, and the sockets' buffers in the system.
      expect(written).toBeLessThan(50 * MB);
      for (const { peak } of memory) expect(peak).toBeLessThan(200 * MB);
      const rest = whole(reader);
      sender.end();
      expect((await rest).length).toBe(written);
    },
  );
});

describe('an end that is told to stop', () => {
  it.each(['client', 'server'] as const)(
    'lets an upgraded connection be whose protocol it does not know, for shutdown_timeout: %s',
    async (end) => {
      const { near, far, ...ends } = await joined({ system: { shutdown_timeout: 600 } });
      const start = performance.now();
      ends[end].process.signal('SIGTERM');
      await ends[end].process.waitForLog(/SIGTERM: shutting down/);
      near.write('still');
      expect(String((await once(far, 'data'))[0])).toBe('still');
      near.resume();
      expect((await once(near, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
      expect(performance.now() - start).toBeGreaterThan(590);
      expect((await ends[end].process.exited).code).toBe(0);
    },
  );
});

/** Writes until nothing has been taken for half a second; gives how much was written. */
async function fill(socket: Socket): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  let written = 0;
  for (;;) {
    written += chunk.length;
    if (socket.write(chunk)) continue;
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 500));
    if (!(await Promise.race([once(socket, 'drain').then(() => true), late]))) return written;
  }
}
