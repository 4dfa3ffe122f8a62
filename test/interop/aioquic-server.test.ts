/** Our client end with aioquic's server. */
import { once } from 'node:events';
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as open,
} from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { CLIENT_NAME, SERVER_NAME, sharedPki } from '../support/certificates.ts';
import {
  type Answer,
  fetchHashed,
  fetchWhole,
  type RequestOptions,
  respond,
  send,
} from '../support/http-client.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { type ClientEnd, startClientEnd } from '../support/tunnel.ts';
import { Aioquic, type AioquicConnection, field, type Line } from './aioquic.ts';
import { describeWith, missingAioquic } from './requirement.ts';

const TEN_MB = 10_000_000;

/** A frame and a stream type that receivers must ignore (RFC 9114 §7.2.8, §6.2.3): 0x21. */
const RESERVED_FRAME = Buffer.from('2105' + '68656c6c6f', 'hex');
const RESERVED_STREAM = Buffer.from('21' + '68656c6c6f', 'hex');
/** A stream type that nobody has registered (RFC 9114 §6.2). */
const UNKNOWN_STREAM = Buffer.from('22' + '68656c6c6f', 'hex');

describeWith(missingAioquic(), 'aioquic as server of our client end', () => {
  let aioquic: Aioquic;
  let client: ClientEnd;
  let connection: AioquicConnection;

  beforeAll(async () => {
    const started = await Aioquic.server(await (await sharedPki()).server());
    aioquic = started.aioquic;
    client = await startClientEnd(started.port, { config: { system: { connect_interval: 100 } } });
    await client.process.waitForLog(/tunnel ready/);
    connection = aioquic.connection(1);
  });

  afterAll(async () => {
    await client?.process.stop();
    await aioquic?.stop();
  });

  const ask = (path: string, options: Partial<RequestOptions> = {}): Promise<Answer> =>
    fetchWhole({ port: client.httpPort, path, headers: { Host: SERVER_NAME }, ...options });

  /** A request with content still to come. */
  function upload(path: string, headers: OutgoingHttpHeaders = {}): ClientRequest {
    const request = open({
      host: '127.0.0.1',
      port: client.httpPort,
      method: 'POST',
      path,
      headers,
      agent: false,
    });
    return request.on('error', () => undefined);
  }

  function answer(stream: number, text: string, ...more: Line[]): void {
    connection.headers(stream, [[':status', '200'], ...more]);
    connection.text(stream, text, true);
  }

  /** Waits for the request and answers it with its path. */
  async function serve(path: string): Promise<void> {
    answer((await connection.request(path)).stream, path);
  }

  it('proves who it is when aioquic asks for a certificate', async () => {
    expect((await connection.event('connected')).certificate).toEqual([CLIENT_NAME]);
  });

  it('GET', async () => {
    const asked = ask('/get?a=1', { headers: { Host: SERVER_NAME, 'X-A': '1' } });
    const { stream, headers } = await connection.request('/get?a=1');
    expect(headers).toEqual([
      [':method', 'GET'],
      [':scheme', 'http'],
      [':authority', SERVER_NAME],
      [':path', '/get?a=1'],
      ['x-a', '1'],
    ]);
    answer(stream, 'content', ['x-b', '2']);
    const got = await asked;
    expect(got).toMatchObject({ status: 200, headers: { 'x-b': '2', 'transfer-encoding': 'chunked' } });
    expect(got.body.toString()).toBe('content');
  });

  it.each([
    { how: 'its length declared', path: '/post/length', length: String(TEN_MB) },
    { how: 'chunked', path: '/post/chunked', length: undefined },
  ])('POST of 10 MB, $how', async ({ path, length }) => {
    const framing = length === undefined ? {} : { 'Content-Length': length };
    const asked = ask(path, { body: patternStream(TEN_MB, 1), headers: { Host: SERVER_NAME, ...framing } });
    const { stream, headers } = await connection.request(path);
    expect(field(headers, 'content-length')).toBe(length);
    expect(await connection.message(stream)).toMatchObject({ bytes: TEN_MB, sha256: patternHash(TEN_MB, 1) });
    answer(stream, 'thanks');
    expect((await asked).body.toString()).toBe('thanks');
  });

  it('a response of 10 MB', async () => {
    const asked = fetchHashed({ port: client.httpPort, path: '/download' });
    const { stream } = await connection.request('/download');
    connection.headers(stream, [
      [':status', '200'],
      ['content-length', String(TEN_MB)],
    ]);
    connection.data(stream, TEN_MB, true, 2);
    const got = await asked;
    expect(got).toMatchObject({ bytes: TEN_MB, sha256: patternHash(TEN_MB, 2) });
    expect(got.headers['content-length']).toBe(String(TEN_MB));
  });

  it('HEAD', async () => {
    const asked = ask('/head', { method: 'HEAD' });
    const { stream } = await connection.request('/head');
    connection.headers(
      stream,
      [
        [':status', '200'],
        ['content-length', '1234'],
      ],
      true,
    );
    const got = await asked;
    expect(got).toMatchObject({ status: 200, headers: { 'content-length': '1234' } });
    expect(got.body.length).toBe(0);
  });

  it('trailers both ways', async () => {
    const request = upload('/trailers', { TE: 'trailers', Trailer: 'X-Up' });
    request.addTrailers({ 'X-Up': '1' });
    request.end('content');
    const { stream } = await connection.request('/trailers');
    const { sections, text } = await connection.message(stream);
    expect(text).toBe('content');
    expect(sections.at(-1)).toEqual([['x-up', '1']]);
    connection.headers(stream, [[':status', '200']]);
    connection.text(stream, 'content');
    connection.headers(stream, [['x-down', '2']], true);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    expect(response.trailers).toEqual({ 'x-down': '2' });
  });

  it('103 Early Hints, before the response', async () => {
    const request = send({ port: client.httpPort, path: '/hints' });
    const { stream } = await connection.request('/hints');
    const hint = once(request, 'information');
    connection.headers(stream, [
      [':status', '103'],
      ['link', '</style.css>; rel=preload'],
    ]);
    expect((await hint)[0]).toMatchObject({
      statusCode: 103,
      headers: { link: '</style.css>; rel=preload' },
    });
    const final = once(request, 'response') as Promise<[IncomingMessage]>;
    answer(stream, 'page');
    const [response] = await final;
    expect(response.statusCode).toBe(200);
    response.resume();
  });

  it('a final response before the end of the upload arrives, and the upload is given up', async () => {
    const request = upload('/too-large');
    request.write('the beginning');
    const { stream } = await connection.request('/too-large');
    const early = once(request, 'response') as Promise<[IncomingMessage]>;
    connection.headers(stream, [[':status', '413']]);
    connection.text(stream, 'too large', true);
    connection.stopSending(stream, Code.H3_NO_ERROR);
    const [response] = await early;
    expect(response.statusCode).toBe(413);
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_NO_ERROR);
    request.destroy();
  });

  it('a client that hangs up cancels the stream, and the next request works', async () => {
    const request = upload('/hang-up');
    request.write('the beginning');
    const { stream } = await connection.request('/hang-up');
    request.destroy();
    expect((await connection.event('reset', { stream })).code).toBe(Code.H3_REQUEST_CANCELLED);
    expect((await connection.event('stopped', { stream })).code).toBe(Code.H3_REQUEST_CANCELLED);
    const asked = ask('/after-hang-up');
    await serve('/after-hang-up');
    expect((await asked).status).toBe(200);
  });

  it('a response reset in its middle cuts the connection of the client', async () => {
    const asked = respond({ port: client.httpPort, path: '/reset' });
    const { stream } = await connection.request('/reset');
    connection.headers(stream, [[':status', '200']]);
    connection.text(stream, 'the beginning');
    const response = await asked;
    await once(response, 'data');
    connection.reset(stream, Code.H3_INTERNAL_ERROR);
    expect((await once(response, 'error'))[0]).toMatchObject({ message: 'aborted' });
  });

  it('a response reset before its head becomes 502', async () => {
    const asked = ask('/no-head');
    connection.reset((await connection.request('/no-head')).stream, Code.H3_INTERNAL_ERROR);
    expect((await asked).status).toBe(502);
  });

  it('a request rejected unread is sent again', async () => {
    const asked = ask('/rejected');
    const { stream } = await connection.request('/rejected');
    connection.reset(stream, Code.H3_REQUEST_REJECTED);
    const { headers } = await connection.event('headers', { stream: stream + 4 });
    expect(field(headers, ':path')).toBe('/rejected');
    answer(stream + 4, 'at last');
    expect((await asked).body.toString()).toBe('at last');
  });

  it('100 requests in flight, each with its own answer', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const paths = Array.from({ length: 100 }, (_, nth) => `/flight/${nth}`);
    const asked = paths.map((path) => ask(path, { agent }));
    const arrived = await Promise.all(paths.map((path) => connection.request(path)));
    for (const { stream, headers } of arrived.reverse()) answer(stream, field(headers, ':path') ?? '');
    const answers = await Promise.all(asked);
    expect(answers.map(({ body }) => body.toString())).toEqual(paths);
    agent.destroy();
  });

  it('more requests than aioquic lets be open at once: they wait for their turn', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 300 });
    const paths = Array.from({ length: 300 }, (_, nth) => `/turn/${nth}`);
    const asked = paths.map((path) => ask(path, { agent }));
    await Promise.all(paths.map(serve));
    expect((await Promise.all(asked)).map(({ body }) => body.toString())).toEqual(paths);
    agent.destroy();
  });

  it('unknown frames of a response and unknown streams are ignored', async () => {
    // After control, QPACK encoder and decoder: 3, 7, 11.
    connection.raw(15, RESERVED_STREAM);
    connection.raw(19, UNKNOWN_STREAM);
    expect((await connection.event('stopped', { stream: 19 })).code).toBe(Code.H3_STREAM_CREATION_ERROR);
    const asked = ask('/unknown');
    const { stream } = await connection.request('/unknown');
    connection.raw(stream, RESERVED_FRAME);
    connection.headers(stream, [[':status', '200']]);
    connection.raw(stream, RESERVED_FRAME);
    connection.text(stream, 'content');
    connection.raw(stream, RESERVED_FRAME, true);
    expect((await asked).body.toString()).toBe('content');
  });

  it('a malformed response becomes 502 and resets its stream alone', async () => {
    const asked = ask('/malformed');
    const { stream } = await connection.request('/malformed');
    connection.headers(stream, [
      [':status', '200'],
      ['connection', 'close'],
    ]);
    expect((await asked).status).toBe(502);
    expect((await connection.event('stopped', { stream })).code).toBe(Code.H3_MESSAGE_ERROR);
  });

  it('GOAWAY: what is in flight ends here, what was not taken goes to a new session', async () => {
    const kept = ask('/kept');
    const { stream } = await connection.request('/kept');
    const moved = ask('/moved');
    await connection.request('/moved');
    connection.goAway(stream + 4);
    const first = connection;
    connection = aioquic.connection(2);
    await serve('/moved');
    expect((await moved).body.toString()).toBe('/moved');
    first.headers(stream, [[':status', '200']]);
    first.text(stream, 'kept', true);
    expect((await kept).body.toString()).toBe('kept');
  });

  it('a session that the server closes is replaced, and requests wait for the new one', async () => {
    connection.close(Code.H3_NO_ERROR, 'maintenance');
    await client.process.waitForLog(/connection \d+ lost: maintenance/);
    const asked = ask('/after-close');
    connection = aioquic.connection(3);
    await serve('/after-close');
    expect((await asked).body.toString()).toBe('/after-close');
  });
});
