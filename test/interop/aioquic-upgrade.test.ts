/** Extended CONNECT (RFC 9220) between either end of ours and aioquic. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Code } from '../../src/h3/codes.ts';
import { acceptOf } from '../../src/proxy/upgrade.ts';
import { SERVER_NAME, sharedPki } from '../support/certificates.ts';
import { type ClientEnd, type ServerEnd, startClientEnd, startServerEnd } from '../support/tunnel.ts';
import { Aioquic, type AioquicConnection, field, type Line } from './aioquic.ts';
import { describeWith, missingAioquic } from './requirement.ts';

const ENABLE_CONNECT_PROTOCOL = '0x8';

function extended(protocol: string, path: string, ...more: Line[]): Line[] {
  return [
    [':method', 'CONNECT'],
    [':protocol', protocol],
    [':scheme', 'https'],
    [':authority', SERVER_NAME],
    [':path', path],
    ...more,
  ];
}

describeWith(missingAioquic(), 'aioquic as client that upgrades through our server end', () => {
  let origin: Server;
  let server: ServerEnd;
  let aioquic: Aioquic;
  let connection: AioquicConnection;

  beforeAll(async () => {
    origin = createServer((_request, response) => response.writeHead(403).end('not here'));
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    server = await startServerEnd((origin.address() as AddressInfo).port);
    aioquic = Aioquic.client();
    const pki = await sharedPki();
    const trust = { port: server.quicPort, name: SERVER_NAME, ca: pki.ca };
    aioquic.command({ do: 'connect', ...trust, ...(await pki.client()) });
    connection = aioquic.connection(1);
  });

  afterAll(async () => {
    await aioquic?.stop();
    await server?.process.stop();
    origin?.closeAllConnections();
    origin?.close();
  });

  /** The next upgrade that the origin is asked for. */
  async function asked(): Promise<{ request: IncomingMessage; socket: Socket }> {
    const [request, socket] = (await once(origin, 'upgrade')) as [IncomingMessage, Socket];
    socket.on('error', () => undefined);
    return { request, socket };
  }

  const switchTo = (protocol: string, ...more: string[]) =>
    ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', `Upgrade: ${protocol}`, ...more, '', ''].join(
      '\r\n',
    );

  it('is told that it may', async () => {
    const { settings } = await connection.event('settings');
    expect(settings?.[ENABLE_CONNECT_PROTOCOL]).toBe(1);
  });

  it('opens a WebSocket without key, for which the origin sees a handshake like any other', async () => {
    const asking = asked();
    const stream = connection.nextStream();
    connection.headers(stream, extended('websocket', '/chat', ['sec-websocket-version', '13']));
    const { request, socket } = await asking;
    expect(request.headers).toMatchObject({ host: SERVER_NAME, connection: 'Upgrade', upgrade: 'websocket' });
    const key = request.headers['sec-websocket-key'] ?? '';
    socket.write(switchTo('websocket', `Sec-WebSocket-Accept: ${acceptOf(key)}`, 'X-B: 2'));
    const { headers } = await connection.event('headers', { stream });
    expect(headers).toEqual([
      [':status', '200'],
      ['x-b', '2'],
    ]);
    socket.once('data', (chunk) => socket.end(`${chunk} yourself`));
    connection.text(stream, 'hello', true);
    expect((await connection.message(stream)).text).toBe('hello yourself');
  });

  it('may send before it is answered, but the origin hears of it only then', async () => {
    const asking = asked();
    const stream = connection.nextStream();
    connection.headers(stream, extended('echo/1', '/'));
    connection.text(stream, 'early');
    const { socket } = await asking;
    expect(socket.bytesRead).toBeGreaterThan(0);
    expect(socket.read()).toBe(null);
    socket.write(switchTo('echo/1'));
    expect(String((await once(socket, 'data'))[0])).toBe('early');
    socket.destroy();
  });

  it('sees a reset of the origin as one of the stream, and the reverse', async () => {
    for (const who of ['origin', 'client']) {
      const asking = asked();
      const stream = connection.nextStream();
      connection.headers(stream, extended('echo', '/'));
      const { socket } = await asking;
      socket.resume();
      socket.write(switchTo('echo'));
      await connection.event('headers', { stream });
      if (who === 'origin') {
        socket.resetAndDestroy();
        const { code } = await connection.event('reset', { stream });
        expect(code).toBe(Code.H3_REQUEST_CANCELLED);
      } else {
        const gone = once(socket, 'error');
        connection.reset(stream, Code.H3_REQUEST_CANCELLED);
        expect(((await gone) as [NodeJS.ErrnoException])[0].code).toBe('ECONNRESET');
      }
    }
  });

  it('is answered as the origin answers when that refuses', async () => {
    const stream = connection.nextStream();
    const asking = asked();
    connection.headers(stream, extended('echo', '/'));
    (await asking).socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nnot here');
    const message = await connection.message(stream);
    expect(field(message.sections[0], ':status')).toBe('403');
    expect(message.text).toBe('not here');
  });

  it.each<[string, Line[]]>([
    ['another method', [[':method', 'GET'], ...extended('echo', '/').slice(1)]],
    ['no path', extended('echo', '/').slice(0, 4)],
    ['a protocol that is no token', extended('a b', '/')],
  ])('is reset for :protocol with %s', async (_name, headers) => {
    const stream = connection.nextStream();
    connection.headers(stream, headers);
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_MESSAGE_ERROR);
  });

  it('is answered 405 to CONNECT host:port', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, [
      [':method', 'CONNECT'],
      [':authority', 'a:443'],
    ]);
    expect(field((await connection.message(stream)).sections[0], ':status')).toBe('405');
  });
});

describeWith(missingAioquic(), 'aioquic as server that our client end upgrades at', () => {
  let aioquic: Aioquic;
  let client: ClientEnd;
  let connection: AioquicConnection;

  beforeAll(async () => {
    const started = await Aioquic.server(await (await sharedPki()).server());
    aioquic = started.aioquic;
    client = await startClientEnd(started.port);
    await client.process.waitForLog(/tunnel ready/);
    connection = aioquic.connection(1);
  });

  afterAll(async () => {
    await client?.process.stop();
    await aioquic?.stop();
  });

  it('is asked by extended CONNECT for a WebSocket, without key', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${client.httpPort}/chat`, ['a'], {
      perMessageDeflate: false,
      headers: { Host: SERVER_NAME },
    });
    const opened = once(socket, 'open');
    const { stream, headers } = await connection.request('/chat');
    expect(headers).toEqual([
      [':method', 'CONNECT'],
      [':protocol', 'websocket'],
      [':scheme', 'http'],
      [':authority', SERVER_NAME],
      [':path', '/chat'],
      ['sec-websocket-version', '13'],
      ['sec-websocket-protocol', 'a'],
    ]);
    connection.headers(stream, [
      [':status', '200'],
      ['sec-websocket-protocol', 'a'],
    ]);
    await opened;
    expect(socket.protocol).toBe('a');
    const message = once(socket, 'message');
    // A text frame (RFC 6455 §5.7).
    connection.raw(stream, Buffer.from('0007' + '8105' + '48656c6c6f', 'hex'));
    expect(String((await message)[0])).toBe('Hello');
    const closed = once(socket, 'close');
    connection.reset(stream, Code.H3_REQUEST_CANCELLED);
    expect((await closed)[0]).toBe(1006);
  });

  it('closes for itself', async () => {
    const socket = connect({ host: '127.0.0.1', port: client.httpPort, allowHalfOpen: true });
    socket.write('GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    const { stream } = await connection.request('/echo');
    connection.headers(stream, [[':status', '200']]);
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 /);
    const ended = once(socket, 'end');
    connection.text(stream, 'bye', true);
    expect(String((await once(socket, 'data'))[0])).toBe('bye');
    await ended;
    socket.end('and to you');
    expect((await connection.message(stream)).text).toBe('and to you');
  });
});
