/** Which requests a client end sends again, at a QUIC server that counts the heads that it sees. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunningClient } from '../../src/client.ts';
import { Code } from '../../src/h3/codes.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, data, headers, OK } from '../../src/h3/recording-quic.fixture.ts';
import { clientInProcess, KeptLog } from '../support/in-process.ts';
import { type RawPeer, RawServer } from '../support/raw-peer.ts';
import { frame } from './h3-rows.fixture.ts';

const CONTROL = 3;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n';
const { H3_REQUEST_REJECTED, H3_REQUEST_CANCELLED, H3_INTERNAL_ERROR, H3_NO_ERROR } = Code;

/** An HTTP/1.1 request on the wire. */
class Asked {
  readonly socket: Socket;
  #text = '';

  constructor(port: number, bytes: string) {
    this.socket = connect(port, '127.0.0.1');
    onTestFinished(() => {
      this.socket.destroy();
    });
    this.socket.setEncoding('latin1').on('data', (part: string) => {
      this.#text += part;
    });
    this.socket.on('error', () => undefined);
    this.socket.write(bytes);
  }

  /** Resolves when `text` has come. */
  async until(text: string): Promise<void> {
    while (!this.#text.includes(text)) await once(this.socket, 'data');
  }

  /** All that came, once the connection is closed. */
  async answer(): Promise<string> {
    if (!this.socket.closed) await once(this.socket, 'close');
    return this.#text;
  }
}

/** A client end and the server that it knows. */
class Scene {
  readonly server: RawServer;
  readonly client: RunningClient;
  readonly log: KeptLog;
  /** The connection that takes requests. */
  peer: RawPeer;

  static async open(): Promise<Scene> {
    const server = await RawServer.start();
    const log = new KeptLog();
    const starting = clientInProcess(server.port, { system: { connect_interval: 100 } }, log);
    const peer = await server.next();
    await peer.send(CONTROL, controlStream());
    const scene = new Scene(server, await starting, log, peer);
    onTestFinished(async () => {
      await scene.client.stop();
      await server.stop();
    });
    return scene;
  }

  private constructor(server: RawServer, client: RunningClient, log: KeptLog, peer: RawPeer) {
    this.log = log;
    this.server = server;
    this.client = client;
    this.peer = peer;
  }

  /** The client end's next connection takes over. */
  async reconnected(): Promise<void> {
    this.peer = await this.server.next();
    await this.peer.send(CONTROL, controlStream());
  }

  /** Sends HTTP/1.1 bytes, and more when `after` says so. */
  ask(bytes: string, rest?: { readonly bytes: string; readonly after: Promise<void> }): Asked {
    const asked = new Asked(this.client.httpPort, bytes);
    rest?.after.then(
      () => asked.socket.write(rest.bytes),
      () => undefined,
    );
    return asked;
  }

  /** Resolves when a request's head is there on stream `id`. */
  head(id: number): Promise<void> {
    return this.peer.until(() => this.peer.received(id).length > 0);
  }

  async answer(id: number): Promise<void> {
    await this.peer.until(() => this.peer.stream(id).ended);
    await this.peer.send(id, concat(headers([...OK, 'content-length', '2']), data('ok')), true);
  }

  async fail(id: number, code: number): Promise<void> {
    await this.head(id);
    await this.peer.reset(id, code);
    this.peer.stop(id, code);
  }

  /** Makes another request, and expects that no other comes before it on `id`. */
  async expectNothingBefore(id: number): Promise<void> {
    const asked = this.ask(GET.replace('/', '/next'));
    await this.answer(id);
    expect(await asked.answer()).toMatch(SUCCESS);
    expect(this.peer.received(id).toString('latin1')).toContain(NEXT_PATH);
    expect(this.peer.has(id + 4)).toBe(false);
  }
}

const SUCCESS = /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/;
const FAILURE = /^HTTP\/1\.1 502 /;

/** `:path` `/next` in a field section as our encoder writes it. */
const NEXT_PATH = Buffer.from(headers([':path', '/next']).subarray(4)).toString('latin1');

/** Whether a message ends with these frames: with an empty DATA frame behind them, when its end had nothing else to travel with. */
function endsWith(sent: Buffer, ...frames: Uint8Array[]): boolean {
  const expected = Buffer.concat(frames);
  return [expected, Buffer.concat([expected, data('')])].some((end) =>
    sent.subarray(-end.length).equals(end),
  );
}

describe('a request that the server provably did not touch is sent again', () => {
  it('after H3_REQUEST_REJECTED', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    await scene.fail(0, H3_REQUEST_REJECTED);
    await scene.answer(4);
    expect(await asked.answer()).toMatch(SUCCESS);
  });

  it('above the identifier of a GOAWAY, on the next connection', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    await scene.head(0);
    await scene.peer.send(CONTROL, frame(FrameType.GOAWAY, 0));
    await scene.reconnected();
    await scene.answer(0);
    expect(await asked.answer()).toMatch(SUCCESS);
  });

  it('while one below that identifier is answered where it was', async () => {
    const scene = await Scene.open();
    const first = scene.ask(GET);
    await scene.head(0);
    const second = scene.ask(GET);
    await scene.head(4);
    const old = scene.peer;
    await old.send(CONTROL, frame(FrameType.GOAWAY, 4));
    await scene.reconnected();
    await scene.answer(0);
    expect(await second.answer()).toMatch(SUCCESS);
    await old.send(0, concat(headers([...OK, 'content-length', '2']), data('ok')), true);
    expect(await first.answer()).toMatch(SUCCESS);
  });

  it('with its content, when none of that had come', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(POST, { bytes: 'abc', after: scene.head(4) });
    await scene.fail(0, H3_REQUEST_REJECTED);
    await scene.answer(4);
    expect(await asked.answer()).toMatch(SUCCESS);
    expect(endsWith(scene.peer.received(4), data('abc'))).toBe(true);
  });

  it('with its content, when some of it was sent, and with what comes then', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(`${POST}ab`, { bytes: 'c', after: scene.head(4) });
    await scene.peer.until(() => scene.peer.received(0).toString('latin1').endsWith('ab'));
    await scene.fail(0, H3_REQUEST_REJECTED);
    await scene.answer(4);
    expect(await asked.answer()).toMatch(SUCCESS);
    expect(endsWith(scene.peer.received(4), data('ab'), data('c'))).toBe(true);
  });

  it('with all of its content, above the identifier of a GOAWAY', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(`${POST}abc`);
    await scene.peer.until(() => scene.peer.stream(0).ended);
    await scene.peer.send(CONTROL, frame(FrameType.GOAWAY, 0));
    await scene.reconnected();
    await scene.answer(0);
    expect(await asked.answer()).toMatch(SUCCESS);
    expect(endsWith(scene.peer.received(0), data('abc'))).toBe(true);
  });

  it('three times, then it fails', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    for (const id of [0, 4, 8, 12]) await scene.fail(id, H3_REQUEST_REJECTED);
    expect(await asked.answer()).toMatch(FAILURE);
    await scene.expectNothingBefore(16);
  });

  it('when the connection was lost before it was written', async () => {
    const scene = await Scene.open();
    scene.peer.close();
    await scene.log.until(/^warn connection \d+ lost/);
    const asked = scene.ask(`${POST}abc`);
    await scene.reconnected();
    await scene.answer(0);
    expect(await asked.answer()).toMatch(SUCCESS);
    expect(scene.peer.has(4)).toBe(false);
  });
});

describe('a request whose fate is unknown is not sent again', () => {
  const codes = [H3_REQUEST_CANCELLED, H3_INTERNAL_ERROR, H3_NO_ERROR, 0x1234];

  it.each(codes)('after a reset with code %i', async (code) => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    await scene.fail(0, code);
    expect(await asked.answer()).toMatch(FAILURE);
    await scene.expectNothingBefore(4);
  });

  it('after H3_REQUEST_REJECTED, when an interim response came before', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    await scene.head(0);
    await scene.peer.send(0, headers([':status', '103', 'x', 'y']));
    await asked.until('X: y');
    await scene.fail(0, H3_REQUEST_REJECTED);
    expect(await asked.answer()).toMatch(/^HTTP\/1\.1 103 Early Hints\r\nX: y\r\n\r\nHTTP\/1\.1 502 /);
    await scene.expectNothingBefore(4);
  });

  it('after H3_REQUEST_REJECTED, when more of its content was sent than is kept', async () => {
    const scene = await Scene.open();
    const upload = POST.replace('Content-Length: 3', 'Content-Length: 1000000');
    const asked = scene.ask(`${upload}${'x'.repeat(80_000)}`);
    await scene.peer.until(() => scene.peer.received(0).length > 80_000);
    await scene.fail(0, H3_REQUEST_REJECTED);
    await asked.until('HTTP/1.1 502 ');
    asked.socket.destroy();
    await scene.expectNothingBefore(4);
  });

  it.each([
    ['GET', GET],
    ['POST', `${POST}abc`],
    ['POST without its content', POST],
  ])('when the connection is closed after its head came: %s', async (_name, bytes) => {
    const scene = await Scene.open();
    const asked = scene.ask(bytes, { bytes: 'abc', after: scene.peer.until(() => false) });
    await scene.head(0);
    scene.peer.close(H3_NO_ERROR);
    expect(await asked.answer()).toMatch(FAILURE);
    await scene.reconnected();
    await scene.expectNothingBefore(0);
  });

  it('when the connection is closed in mid-upload', async () => {
    const scene = await Scene.open();
    const upload = POST.replace('Content-Length: 3', 'Content-Length: 1000000');
    const asked = scene.ask(`${upload}${'x'.repeat(500_000)}`);
    await scene.peer.until(() => scene.peer.received(0).length > 100_000);
    scene.peer.close(H3_INTERNAL_ERROR);
    await asked.until('HTTP/1.1 502 ');
    await scene.reconnected();
    await scene.expectNothingBefore(0);
  });

  it('when a GOAWAY has an identifier above it and the connection is closed then', async () => {
    const scene = await Scene.open();
    const asked = scene.ask(GET);
    await scene.head(0);
    const old = scene.peer;
    await old.send(CONTROL, frame(FrameType.GOAWAY, 4));
    await scene.reconnected();
    old.close();
    expect(await asked.answer()).toMatch(FAILURE);
    await scene.expectNothingBefore(0);
  });
});
