/** Our server end with aioquic's client. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { Pki, SERVER_NAME, sharedPki } from '../support/certificates.ts';
import type { EchoReport } from '../support/origin.ts';
import { patternHash, sha256 } from '../support/pattern.ts';
import { type ServerEnd, startServerEnd } from '../support/tunnel.ts';
import { Aioquic, type AioquicConnection, field, type Line, type Message } from './aioquic.ts';
import { gone, HeldOrigin } from './held-origin.ts';
import { describeWith, missingAioquic } from './requirement.ts';

const TEN_MB = 10_000_000;

/** TLS alerts of RFC 8446 §6 as QUIC carries them (RFC 9001 §4.8). */
const UNKNOWN_CA = 0x100 + 48;
const CERTIFICATE_REQUIRED = 0x100 + 116;

/** A frame and a stream type that receivers must ignore (RFC 9114 §7.2.8, §6.2.3): 0x21. */
const RESERVED_FRAME = Buffer.from('2105' + '68656c6c6f', 'hex');
const RESERVED_STREAM = Buffer.from('21' + '68656c6c6f', 'hex');
/** A stream type that nobody has registered (RFC 9114 §6.2). */
const UNKNOWN_STREAM = Buffer.from('22' + '68656c6c6f', 'hex');

function request(method: string, path: string, ...more: Line[]): Line[] {
  return [[':method', method], [':scheme', 'https'], [':authority', SERVER_NAME], [':path', path], ...more];
}

const head = ({ sections }: Message) =>
  sections.find((section) => !field(section, ':status')?.startsWith('1'));

describeWith(missingAioquic(), 'aioquic as client of our server end', () => {
  let origin: HeldOrigin;
  let server: ServerEnd;
  let aioquic: Aioquic;
  let connection: AioquicConnection;
  let connections = 0;

  beforeAll(async () => {
    origin = await HeldOrigin.start();
    server = await startServerEnd(origin.port);
    aioquic = Aioquic.client();
    connection = await connect();
  });

  afterAll(async () => {
    await aioquic?.stop();
    await server?.process.stop();
    await origin?.stop();
  });

  /** Connects with the certificate that is expected, or with the one given. */
  async function dial(identity?: { cert?: string; key?: string }, end = server): Promise<AioquicConnection> {
    const pki = await sharedPki();
    const trust = { port: end.quicPort, name: SERVER_NAME, ca: pki.ca };
    aioquic.command({ do: 'connect', ...trust, ...(identity ?? (await pki.client())) });
    return aioquic.connection(++connections);
  }

  async function connect(end = server): Promise<AioquicConnection> {
    const dialled = await dial(undefined, end);
    await dialled.event('settings');
    return dialled;
  }

  function get(path: string, method = 'GET', on = connection): number {
    const stream = on.nextStream();
    on.headers(stream, request(method, path), true);
    return stream;
  }

  /** What the origin got of a request for `/echo`. */
  async function report(stream: number): Promise<EchoReport> {
    return JSON.parse((await connection.message(stream)).text) as EchoReport;
  }

  it('GET', async () => {
    const stream = connection.nextStream();
    connection.headers(
      stream,
      request('GET', '/echo', ['x-a', '1'], ['cookie', 'a=1'], ['cookie', 'b=2']),
      true,
    );
    expect(await report(stream)).toMatchObject({
      rawHeaders: [
        ...['Host', SERVER_NAME, 'X-A', '1', 'Cookie', 'a=1; b=2'],
        ...['X-Request-Id', expect.stringMatching(/^[0-9a-v]{8}-0$/), 'Connection', 'keep-alive'],
      ],
    });
  });

  it('POST of 10 MB, its length declared', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, request('POST', '/echo', ['content-length', String(TEN_MB)]));
    connection.data(stream, TEN_MB, true, 1);
    expect(await report(stream)).toMatchObject({
      method: 'POST',
      bytes: TEN_MB,
      sha256: patternHash(TEN_MB, 1),
    });
  });

  it('a response of 10 MB', async () => {
    const message = await connection.message(get(`/${TEN_MB}/2`));
    expect(message).toMatchObject({ bytes: TEN_MB, sha256: patternHash(TEN_MB, 2) });
    expect(field(head(message), 'content-length')).toBe(String(TEN_MB));
  });

  it('HEAD', async () => {
    const message = await connection.message(get('/1234', 'HEAD'));
    expect(message.bytes).toBe(0);
    expect(field(head(message), 'content-length')).toBe('1234');
  });

  it('trailers of the request', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, request('POST', '/echo'));
    connection.text(stream, 'content');
    connection.headers(stream, [['x-checksum', 'abc']], true);
    expect(await report(stream)).toMatchObject({
      method: 'POST',
      bytes: 7,
      sha256: sha256(Buffer.from('content')),
      rawTrailers: ['X-Checksum', 'abc'],
    });
  });

  it('trailers of the response', async () => {
    const stream = get('/trailers');
    const { response } = await origin.arrival('/trailers');
    response.writeHead(200, { Trailer: 'X-Checksum' });
    response.addTrailers({ 'X-Checksum': 'def' });
    response.end('content');
    const message = await connection.message(stream);
    expect(message.sections.at(-1)).toEqual([['x-checksum', 'def']]);
    expect(message.sha256).toBe(sha256(Buffer.from('content')));
  });

  it('103 Early Hints, before the response', async () => {
    const stream = get('/hints');
    const { response } = await origin.arrival('/hints');
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    const { headers } = await connection.event('headers', { stream });
    expect(headers).toEqual([
      [':status', '103'],
      ['link', '</style.css>; rel=preload'],
    ]);
    response.end('page');
    const { sections } = await connection.message(stream);
    expect(sections.map((section) => field(section, ':status'))).toEqual(['103', '200']);
  });

  it('a request reset by the client is destroyed at the origin', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, request('POST', '/reset-upload'));
    connection.text(stream, 'the beginning');
    const arrival = await origin.arrival('/reset-upload');
    connection.reset(stream, Code.H3_REQUEST_CANCELLED);
    expect(await gone(arrival)).toBe('destroyed');
  });

  it('more cancelled uploads than may be open at once leave room for the next request', async () => {
    for (let nth = 0; nth < 120; nth++) {
      const stream = connection.nextStream();
      connection.headers(stream, request('POST', `/cancelled/${nth}`));
      await origin.arrival(`/cancelled/${nth}`);
      connection.reset(stream, Code.H3_REQUEST_CANCELLED);
    }
    expect((await connection.message(get('/10'))).bytes).toBe(10);
  });

  it('a response stopped by the client is destroyed at the origin, and reset', async () => {
    const stream = get('/stop-download');
    const arrival = await origin.arrival('/stop-download');
    arrival.response.write('the beginning');
    await connection.event('content', { stream });
    connection.stopSending(stream, Code.H3_REQUEST_CANCELLED);
    expect(await gone(arrival)).toBe('destroyed');
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_REQUEST_CANCELLED);
  });

  it('a response that the origin breaks off is reset', async () => {
    const stream = get('/broken');
    const { response } = await origin.arrival('/broken');
    response.write('the beginning');
    await connection.event('content', { stream });
    response.destroy();
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_INTERNAL_ERROR);
  });

  it('an upload that the origin answers early is stopped with H3_NO_ERROR', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, request('POST', '/too-large'));
    connection.text(stream, 'the beginning');
    const { response } = await origin.arrival('/too-large');
    response.writeHead(413).end('too large');
    const message = await connection.message(stream);
    expect(field(head(message), ':status')).toBe('413');
    expect((await connection.event('stopped', { stream })).code).toBe(Code.H3_NO_ERROR);
  });

  it('100 requests in flight, each with its own answer', async () => {
    const paths = Array.from({ length: 100 }, (_, nth) => `/flight/${nth}`);
    const streams = paths.map((path) => get(path));
    const arrivals = await Promise.all(paths.map((path) => origin.arrival(path)));
    for (const { request, response } of arrivals.reverse()) response.end(request.url);
    const messages = await Promise.all(streams.map((stream) => connection.message(stream)));
    expect(messages.map((message) => message.sha256)).toEqual(paths.map((path) => sha256(Buffer.from(path))));
  });

  it('more requests than may be open at once: aioquic gets leave for the next ones', async () => {
    const streams = Array.from({ length: 300 }, (_, nth) => get(`/1/${nth}`));
    const messages = await Promise.all(streams.map((stream) => connection.message(stream)));
    expect(messages.map((message) => message.sha256)).toEqual(streams.map((_, nth) => patternHash(1, nth)));
  });

  it('unknown frames before, between and after those of a request are ignored', async () => {
    const stream = connection.nextStream();
    connection.raw(stream, RESERVED_FRAME);
    connection.headers(stream, request('POST', '/echo'));
    connection.raw(stream, RESERVED_FRAME);
    connection.text(stream, 'content');
    connection.raw(stream, RESERVED_FRAME, true);
    expect(await report(stream)).toMatchObject({
      method: 'POST',
      bytes: 7,
      sha256: sha256(Buffer.from('content')),
    });
  });

  it('unknown unidirectional streams are refused, and nothing else is touched, by reserved ones either', async () => {
    // After control, QPACK encoder and decoder: 2, 6, 10.
    connection.raw(14, RESERVED_STREAM);
    const stream = 18;
    connection.raw(stream, UNKNOWN_STREAM);
    expect((await connection.event('stopped', { stream })).code).toBe(Code.H3_STREAM_CREATION_ERROR);
    expect((await connection.message(get('/10'))).bytes).toBe(10);
  });

  it('QPACK: aioquic fills the dynamic table that our SETTINGS offer, and is understood', async () => {
    const { settings = {} } = await connection.event('settings');
    expect(settings['0x1']).toBe(16_384);
    expect(settings['0x7']).toBe(100);
    for (let nth = 0; nth < 10; nth++) {
      const stream = connection.nextStream();
      const value = `${nth >> 1}`.repeat(20);
      connection.headers(stream, request('POST', '/echo', ['x-repeated', value]), true);
      expect((await report(stream)).rawHeaders).toContain(value);
    }
    expect(await connection.encoderBytes()).toBeGreaterThan(20);
  });

  it('a malformed request resets its stream alone', async () => {
    const stream = connection.nextStream();
    connection.headers(stream, request('GET', '/10', ['connection', 'close']), true);
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_MESSAGE_ERROR);
    expect((await connection.message(get('/10'))).bytes).toBe(10);
  });

  it('GOAWAY when the server end stops: what is in flight ends, what comes later is rejected', async () => {
    const stopping = await startServerEnd(origin.port);
    const last = await connect(stopping);
    const inFlight = get('/goaway', 'GET', last);
    const { response } = await origin.arrival('/goaway');
    stopping.process.signal('SIGTERM');
    // First a notice that refuses nothing on its way, then the end (RFC 9114 §5.2).
    expect((await last.event('goaway')).id).toBeGreaterThan(2 ** 52);
    await last.event('goaway', { id: inFlight + 4 });
    const late = get('/goaway/late', 'GET', last);
    expect((await last.event('reset', { stream: late })).code).toBe(Code.H3_REQUEST_REJECTED);
    response.end('the end');
    expect((await last.message(inFlight)).sha256).toBe(sha256(Buffer.from('the end')));
    expect(await last.event('closed')).toMatchObject({ kind: 'application', code: Code.H3_NO_ERROR });
    expect((await stopping.process.exited).code).toBe(0);
  });

  it('a client without certificate is refused', async () => {
    const refused = await dial({});
    expect(await refused.event('closed')).toMatchObject({ kind: 'transport', code: CERTIFICATE_REQUIRED });
    await server.process.waitForLog(/connection from .* refused: .*certificate is missing/);
  });

  it('a client with a certificate of another CA is refused', async () => {
    const refused = await dial(await (await Pki.create('stranger')).client());
    expect(await refused.event('closed')).toMatchObject({ kind: 'transport', code: UNKNOWN_CA });
    await server.process.waitForLog(/connection from .* refused: .*not issued by the CA/);
  });

  it('a client with a certificate for another name is refused', async () => {
    const refused = await dial(await (await sharedPki()).client({ names: ['else.example.org'] }));
    expect(await refused.event('closed')).toMatchObject({ kind: 'transport' });
    await server.process.waitForLog(/connection from .* refused: .*else\.example\.org/);
  });
});
