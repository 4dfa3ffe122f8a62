/**
 * Our client end with Caddy's HTTP/3 server, which demands and verifies our certificate. Debian's Caddy (2.6) relays no
 * trailers, drops content without Content-Length and ends a response cleanly that its origin broke off: aioquic is
 * the peer for that.
 */
import { once } from 'node:events';
import { Agent, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Pki, SERVER_NAME } from '../support/certificates.ts';
import { type Answer, fetchHashed, fetchWhole, type RequestOptions, send } from '../support/http-client.ts';
import type { EchoReport } from '../support/origin.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { type ClientEnd, startClientEnd } from '../support/tunnel.ts';
import { Caddy } from './caddy.ts';
import { gone, HeldOrigin } from './held-origin.ts';
import { describeWith, missingCaddy } from './requirement.ts';

const TEN_MB = 10_000_000;
const HUNDRED_MB = 100_000_000;

const HEADERS = { Host: SERVER_NAME };

describeWith(missingCaddy(), 'Caddy as server of our client end', () => {
  let origin: HeldOrigin;
  let caddy: Caddy;
  let client: ClientEnd;

  beforeAll(async () => {
    origin = await HeldOrigin.start();
    caddy = await Caddy.start(origin.port);
    client = await startClientEnd(caddy.port, {
      config: {
        transport: { max_idle_timeout: 1000, keep_alive_interval: 300 },
        system: { connect_interval: 100 },
      },
    });
    await client.process.waitForLog(/tunnel ready/);
  });

  afterAll(async () => {
    await client?.process.stop();
    await caddy?.stop();
    await origin?.stop();
  });

  const ask = (path: string, options: Partial<RequestOptions> = {}): Promise<Answer> =>
    fetchWhole({ port: client.httpPort, path, headers: HEADERS, ...options });

  const report = ({ body }: Answer) => JSON.parse(body.toString()) as EchoReport;

  it('GET', async () => {
    const answer = await ask('/echo?a=1', { headers: { ...HEADERS, 'X-A': '1' } });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    const { method, url, rawHeaders } = report(answer);
    expect({ method, url }).toEqual({ method: 'GET', url: '/echo?a=1' });
    expect(rawHeaders.slice(0, 2)).toEqual(['Host', SERVER_NAME]);
    expect(rawHeaders[rawHeaders.indexOf('X-A') + 1]).toBe('1');
  });

  it('POST of 10 MB', async () => {
    const headers = { ...HEADERS, 'Content-Length': TEN_MB };
    const answer = await ask('/echo', { body: patternStream(TEN_MB, 1), headers });
    expect(report(answer)).toMatchObject({ method: 'POST', bytes: TEN_MB, sha256: patternHash(TEN_MB, 1) });
  });

  it('a response of 100 MB', async () => {
    const answer = await fetchHashed({ port: client.httpPort, path: `/${HUNDRED_MB}/2`, headers: HEADERS });
    expect(answer).toMatchObject({ bytes: HUNDRED_MB, sha256: patternHash(HUNDRED_MB, 2) });
  });

  it('HEAD', async () => {
    const answer = await ask('/1234', { method: 'HEAD' });
    expect(answer).toMatchObject({ status: 200, headers: { 'content-length': '1234' } });
    expect(answer.body.length).toBe(0);
  });

  it('100 requests in flight, each with its own answer', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    const paths = Array.from({ length: 100 }, (_, nth) => `/flight/${nth}`);
    const asked = paths.map((path) => ask(path, { agent }));
    const arrivals = await Promise.all(paths.map((path) => origin.arrival(path)));
    for (const { request, response } of arrivals.reverse()) response.end(request.url);
    expect((await Promise.all(asked)).map(({ body }) => body.toString())).toEqual(paths);
    agent.destroy();
  });

  it('a client that hangs up before the response cancels the request, and the next one works', async () => {
    const request = send({ port: client.httpPort, path: '/hang-up', headers: HEADERS });
    const arrival = await origin.arrival('/hang-up');
    request.destroy();
    expect(await gone(arrival)).toBe('destroyed');
    expect((await ask('/10')).body.length).toBe(10);
  });

  it('a client that hangs up in a response cancels it, and the next one works', async () => {
    const request = send({ port: client.httpPort, path: '/hang-up-later', headers: HEADERS });
    const arrival = await origin.arrival('/hang-up-later');
    arrival.response.write('the beginning');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    await once(response, 'data');
    response.destroy();
    expect(await gone(arrival)).toBe('destroyed');
    expect((await ask('/10')).body.length).toBe(10);
  });

  it('103 Early Hints', async () => {
    const request = send({ port: client.httpPort, path: '/hints', headers: HEADERS });
    const { response } = await origin.arrival('/hints');
    const hint = once(request, 'information');
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    expect((await hint)[0]).toMatchObject({ statusCode: 103 });
    const final = once(request, 'response') as Promise<[IncomingMessage]>;
    response.end('page');
    (await final)[0].resume();
  });

  it('a certificate that Caddy does not trust: no tunnel, and the log says why', async () => {
    const stranger = await (await Pki.create('stranger')).client();
    const refused = await startClientEnd(caddy.port, {
      config: { tls: { ...stranger }, system: { hold_timeout: 0 } },
    });
    // Go says bad_certificate for whatever it does not like.
    await refused.process.waitForLog(
      /the peer refused our certificate: .*a CA that the peer does not trust.*\(bad_certificate\)/,
    );
    const answer = await fetchWhole({ port: refused.httpPort, path: '/10', headers: HEADERS });
    expect(answer.status).toBe(503);
    await refused.process.stop();
  });

  it('Caddy stops and comes back: requests wait for the new session', async () => {
    const from = client.process.lines.length;
    await caddy.stop();
    // It leaves without a word.
    await client.process.waitForLog(/connection \d+ lost: nothing was heard/, from);
    const asked = ask('/10');
    caddy = await Caddy.start(origin.port, caddy.port);
    expect((await asked).body.length).toBe(10);
  });
});
