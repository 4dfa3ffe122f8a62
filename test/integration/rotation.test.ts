import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { FrameParser } from '../../src/h3/frame-parser.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { controlStream, GET, headers } from '../../src/h3/recording-quic.fixture.ts';
import { CountedLoad, CountingOrigin } from '../support/counted.ts';
import { clientInProcess, KeptLog, serverInProcess } from '../support/in-process.ts';
import { dialRaw, type RawPeer } from '../support/raw-peer.ts';
import { origin } from './ends.fixture.ts';

const REPLACEMENTS = 12;
const PER_SESSION = 10;

/** The server's first unidirectional stream. */
const SERVER_CONTROL = 3;

/** New sessions may follow closely upon one another, and do not have to find out first what the link bears. */
const SETTINGS = {
  system: { connect_interval: 10 },
  transport: { initial_rtt: 20, initial_window: 500_000 },
};

describe('a session that has had its number of requests', () => {
  it('is replaced, again and again, under load, and no request is lost or doubled', async () => {
    const counting = new CountingOrigin();
    const { port } = await origin(counting.listener);
    const log = new KeptLog();
    const server = await serverInProcess(port, SETTINGS);
    const client = await clientInProcess(server.quicPort, SETTINGS, log, PER_SESSION);
    onTestFinished(async () => {
      await client.stop();
      await server.stop();
    });
    const load = new CountedLoad({ port: client.httpPort, rate: 200, mostAtOnce: 8 });
    // Each of the former ones ends with its last request.
    const replaced = () => expect(linesOf(log, /no request is left/)).toBeGreaterThanOrEqual(REPLACEMENTS);
    await vi.waitFor(replaced, { timeout: 15_000 });
    const { failed, reasons, sent } = await load.stop();
    expect({ failed, reasons }).toEqual({ failed: 0, reasons: [] });
    expect(counting.counts).toEqual({ seen: sent, repeated: 0 });
    expect(sent).toBeGreaterThanOrEqual(REPLACEMENTS * PER_SESSION);
  });
});

describe('a session whose downloads were cancelled', () => {
  it('is replaced when as much was under way as the link bears, and not before', async () => {
    const body = Buffer.alloc(4_000_000);
    const { port } = await origin((_, response) => void response.end(body));
    const log = new KeptLog();
    const server = await serverInProcess(port, SETTINGS);
    const client = await clientInProcess(server.quicPort, SETTINGS, log);
    onTestFinished(async () => {
      await client.stop();
      await server.stop();
    });
    await vi.waitFor(() => expect(linesOf(log, /tunnel ready/)).toBe(1));
    await cancelAfter(client.httpPort, 100_000);
    await cancelAfter(client.httpPort, 3_000_000);
    expect(linesOf(log, /tunnel ready/)).toBe(1);
    await cancelAfter(client.httpPort, 1);
    await vi.waitFor(() => expect(linesOf(log, /tunnel ready/)).toBe(2));
    await cancelAfter(client.httpPort, 1);
    expect(linesOf(log, /connection \d+ established/)).toBe(2);
  });
});

describe('a client of another make', () => {
  const CONTROL = 2;
  const HEAD = [':method', 'HEAD', ...GET.slice(2)];
  async function clientOf(body: Buffer): Promise<RawPeer> {
    const { port } = await origin((_, response) => void response.end(body));
    const server = await serverInProcess(port, SETTINGS, new KeptLog(), PER_SESSION);
    onTestFinished(() => server.stop());
    const client = await dialRaw(server.quicPort);
    onTestFinished(() => client.close());
    await client.send(CONTROL, controlStream());
    return client;
  }

  function isAsked(client: RawPeer): boolean {
    const parser = new FrameParser(65_536);
    // Behind the type of the stream.
    parser.feed(client.received(SERVER_CONTROL).subarray(1));
    for (let step = parser.next(); step !== 'more'; step = parser.next()) {
      if (step === 'frame' && parser.type === FrameType.GOAWAY) return true;
    }
    return false;
  }

  it('is asked to begin another session after as many requests', async () => {
    const client = await clientOf(Buffer.from('ok'));
    for (let at = 0; at < PER_SESSION; at++) {
      expect(isAsked(client)).toBe(false);
      await client.send(4 * at, headers(GET), true);
      await client.until(() => client.stream(4 * at).ended);
    }
    await client.until(() => isAsked(client));
    expect(client.closed).toBeUndefined();
  });

  it('and when it has cancelled more than the link bears', async () => {
    const client = await clientOf(Buffer.alloc(20_000_000));
    await client.send(0, headers(GET), true);
    await client.until(() => client.received(0).length > 600_000);
    expect(isAsked(client)).toBe(false);
    client.stop(0, Code.H3_REQUEST_CANCELLED);
    // The first that comes after the server end has heard of it.
    for (let at = 1; at < PER_SESSION - 1 && !isAsked(client); at++) {
      await client.send(4 * at, headers(HEAD), true);
      await client.until(() => client.stream(4 * at).ended);
    }
    await client.until(() => isAsked(client));
  });
});

/** Breaks an answer off when so many bytes of it have come. */
async function cancelAfter(port: number, bytes: number): Promise<void> {
  const request = get({ port });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let received = 0;
  for await (const chunk of response) {
    received += chunk.length;
    if (received >= bytes) break;
  }
  request.destroy();
}

const linesOf = (log: KeptLog, pattern: RegExp): number =>
  log.lines.filter((line) => pattern.test(line)).length;
