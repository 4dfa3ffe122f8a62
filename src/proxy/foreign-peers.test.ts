import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents } from '../h3/port.ts';
import { type Pair, RawClient, startFront, startPair, startRawService, until } from './pair.fixture.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Hears everything that happens on a request stream, as lines. */
class Listener implements RequestStreamEvents {
  readonly heard: string[] = [];
  readonly #isOver: Promise<void>;
  #over: () => void = () => {};

  constructor() {
    this.#isOver = new Promise((resolve) => {
      this.#over = resolve;
    });
  }

  /** All of it, once the peer has ended or reset the message. */
  async all(): Promise<string[]> {
    await this.#isOver;
    return this.heard;
  }

  onInterim(fields: FieldLines): void {
    this.heard.push(`interim ${fields[1]}`);
  }
  onHeaders(fields: FieldLines): void {
    this.heard.push(`head ${fields[1]}`);
  }
  onData(chunk: Uint8Array): void {
    this.heard.push(`data ${Buffer.from(chunk)}`);
  }
  onTrailers(fields: FieldLines): void {
    this.heard.push(`trailers ${fields.join(' ')}`);
  }
  onEnd(): void {
    this.heard.push('end');
    this.#over();
  }
  onDrain(): void {}
  onStopped(code: number): void {
    this.heard.push(`stopped ${code}`);
  }
  onFailed({ code }: { code: number | undefined }): void {
    this.heard.push(`failed ${code}`);
    this.#over();
  }
}

describe('a foreign HTTP/3 client', () => {
  const REQUEST = [':method', 'POST', ':scheme', 'https', ':authority', 'h:1', ':path', '/p'];
  const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

  /** An origin end with a service that keeps what it gets and answers when told. */
  async function start(options: Parameters<typeof startPair>[2] = {}) {
    const sockets: Socket[] = [];
    const got: string[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.setEncoding('latin1');
      socket.on('data', (text: string) => {
        got.push(text);
      });
    });
    const pair = await startPair(port, {}, options);
    return { pair, got, answer: (bytes: string) => sockets[0]?.write(bytes), sockets };
  }

  function open(pair: Pair): { stream: RequestStream; listener: Listener } {
    const listener = new Listener();
    let opened: RequestStream | undefined;
    const onStream = (stream: RequestStream) => {
      opened = stream;
    };
    const waiter = Object.assign(listener, { isUpgrade: false, onStream, onUnavailable() {} });
    pair.tunnel.open(waiter);
    if (opened === undefined) throw new Error('no stream');
    return { stream: opened, listener };
  }

  it('may send the end of a GET later: no framing is made up', async () => {
    const { pair, got, answer } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders([':method', 'GET', ...REQUEST.slice(2)], false);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(got).toEqual([]);
    stream.end();
    await until(() => got.length > 0);
    expect(got.join('')).toBe(
      'GET /p HTTP/1.1\r\nHost: h:1\r\nX-Request-Id: memory00-0\r\nConnection: keep-alive\r\n\r\n',
    );
    answer(OK);
    expect(await listener.all()).toEqual(['head 200', 'data ok', 'end']);
  });

  it('may wait for the response before it sends content', async () => {
    const { pair, got, answer } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders(REQUEST, false);
    await until(() => got.length > 0);
    expect(got.join('')).toContain('Transfer-Encoding: chunked');
    answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    await until(() => listener.heard.length === 2);
    stream.sendData(Buffer.from('content'));
    stream.end(['x-sum', '1']);
    await until(() => got.join('').endsWith('0\r\nX-Sum: 1\r\n\r\n'));
    answer('0\r\nx-end: 2\r\n\r\n');
    expect(await listener.all()).toEqual(['head 200', 'data ok', 'trailers x-end 2', 'end']);
  });

  it.each(['0', '5'])('with more content than Content-Length: %s is never seen whole', async (length) => {
    const { pair, got } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders([...REQUEST, 'content-length', length], false);
    if (length === '5') stream.sendData(Buffer.from('hello'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    stream.sendData(Buffer.from('!'));
    expect(await listener.all()).toEqual([`failed ${Code.H3_REQUEST_CANCELLED}`]);
    expect(pair.origin.inFlight).toBe(0);
    expect(got.join('')).not.toContain('hello');
    if (length === '0') expect(got).toEqual([]);
  });

  it('with less content than Content-Length is never seen whole', async () => {
    const { pair, got, sockets } = await start();
    const { stream } = open(pair);
    stream.sendHeaders([...REQUEST, 'content-length', '9'], false);
    stream.sendData(Buffer.from('hello'));
    await until(() => got.join('').endsWith('hello'));
    stream.end();
    await once(sockets[0] as Socket, 'close');
    expect(pair.origin.inFlight).toBe(0);
  });

  it('has its cookie crumbs joined', async () => {
    const { pair, got } = await start();
    const { stream } = open(pair);
    stream.sendHeaders([...REQUEST, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'], true);
    await until(() => got.length > 0);
    expect(got.join('')).toContain('\r\nCookie: a=1; b=2\r\n');
  });

  it('may give the authority as host', async () => {
    const { pair, got } = await start();
    const { stream } = open(pair);
    stream.sendHeaders([':method', 'GET', ':scheme', 'http', ':path', '/', 'x', 'y', 'host', 'h'], true);
    await until(() => got.length > 0);
    expect(got.join('')).toBe(
      'GET / HTTP/1.1\r\nHost: h\r\nX: y\r\nX-Request-Id: memory00-0\r\nConnection: keep-alive\r\n\r\n',
    );
  });

  const refused: [name: string, fields: string[], status: string][] = [
    ['CONNECT', [':method', 'CONNECT', ':authority', 'h:1'], '405'],
    ['another scheme', [':method', 'GET', ':scheme', 'ftp', ':authority', 'h', ':path', '/'], '400'],
    ['a method in lower case', [':method', 'get', ':scheme', 'http', ':authority', 'h', ':path', '/'], '501'],
  ];
  it.each(refused)('is refused %s', async (_name, fields, status) => {
    const { pair, got } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders(fields, true);
    expect((await listener.all())[0]).toBe(`head ${status}`);
    expect(got).toEqual([]);
    expect(pair.origin.inFlight).toBe(0);
  });

  it('hears STOP_SENDING with H3_NO_ERROR after an early response', async () => {
    const { pair, got, answer, sockets } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders([...REQUEST, 'content-length', '1000000'], false);
    stream.sendData(Buffer.from('some'));
    await until(() => got.join('').endsWith('some'));
    answer('HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\nok');
    expect(await listener.all()).toEqual(['head 413', 'data ok', 'end']);
    await until(() => listener.heard.length === 4);
    expect(listener.heard[3]).toBe(`stopped ${Code.H3_NO_ERROR}`);
    await until(() => sockets[0]?.destroyed === true);
  });

  it('sees a reset with H3_INTERNAL_ERROR when the response is cut', async () => {
    const { pair, got, answer, sockets } = await start();
    const { stream, listener } = open(pair);
    stream.sendHeaders(REQUEST, true);
    await until(() => got.length > 0);
    answer('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
    await until(() => listener.heard.length === 2);
    sockets[0]?.destroy();
    expect(await listener.all()).toEqual(['head 200', 'data abc', `failed ${Code.H3_INTERNAL_ERROR}`]);
  });

  it('that takes no response any more ends the request at the origin', async () => {
    const { pair, got, sockets } = await start();
    const { stream } = open(pair);
    stream.sendHeaders(REQUEST, true);
    await until(() => got.length > 0);
    stream.stopReceiving(Code.H3_REQUEST_CANCELLED);
    await once(sockets[0] as Socket, 'close');
    expect([pair.origin.inFlight, pair.tunnel.live.size]).toEqual([0, 0]);
  });
});

describe('a foreign HTTP/3 server', () => {
  const answering = (answer: (stream: RequestStream) => void) =>
    startFront((stream) => {
      answer(stream);
      return new Listener();
    });

  it('may not send more than sixteen interim responses', async () => {
    const { port, tunnel } = await answering((stream) => {
      for (let count = 0; count < 17; count++) stream.sendHeaders([':status', '103'], false);
    });
    expect(await new RawClient(port).send(GET).untilClosed()).toMatch(/HTTP\/1\.1 502 /);
    await until(() => tunnel.live.size === 0);
  });

  it('may send a status that has no name', async () => {
    const { port } = await answering((stream) => stream.sendHeaders([':status', '599'], true));
    expect(await new RawClient(port).send(GET).untilClosed()).toMatch(/^HTTP\/1\.1 599 \r\n/);
  });

  it('gets its Date from us', async () => {
    const { port } = await answering((stream) => stream.sendHeaders([':status', '200'], true));
    expect(await new RawClient(port).send(GET).untilClosed()).toMatch(/\r\nDate: /);
  });

  it('may end the response and go on reading the request', async () => {
    const events = new Listener();
    const { port, front } = await startFront((stream) => {
      stream.sendHeaders([':status', '200', 'content-length', '2'], false);
      stream.sendData(Buffer.from('ok'));
      stream.end();
      return events;
    });
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 6\r\n\r\n';
    const client = new RawClient(port).send(`${head}abc`);
    await client.until('ok');
    client.send('def');
    expect(await events.all()).toEqual(['data abc', 'data def', 'end']);
    await client.untilClosed();
    expect(front.inFlight).toBe(0);
  });

  it('may take no more of the request and still answer', async () => {
    const streams: RequestStream[] = [];
    const { port } = await startFront((stream) => {
      stream.stopReceiving(Code.H3_NO_ERROR);
      streams.push(stream);
      return new Listener();
    });
    const client = new RawClient(port).send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabcdef');
    await until(() => streams.length === 1);
    streams[0]?.sendHeaders([':status', '204'], true);
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 204 /);
  });

  it('that is cut off cannot look complete', async () => {
    const { port } = await answering((stream) => {
      stream.sendHeaders([':status', '200'], false);
      stream.sendData(Buffer.from('abc'));
      setImmediate(() => setImmediate(() => stream.resetSending(Code.H3_INTERNAL_ERROR)));
    });
    expect(await new RawClient(port).send(GET).untilClosed()).toMatch(/\r\n\r\n3\r\nabc\r\n$/);
  });
});
