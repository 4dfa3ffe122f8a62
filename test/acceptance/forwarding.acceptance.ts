/** What tunnels usually drop: trailers behind streamed bodies, events as they come, 100-continue, early answers. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request as open, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { origin, rawOrigin, tunnel } from '../integration/ends.fixture.ts';
import { temporaryFolder } from '../support/certificates.ts';
import { print } from './print.ts';

const run = promisify(execFile);
const MESSAGES = 50;
const EVENTS = 30;
const EVENT_INTERVAL = 100;
const BIG = 100_000_000;

async function behind(listener: RequestListener): Promise<number> {
  const { port } = await origin(listener);
  const { client } = await tunnel(port);
  return client.httpPort;
}

describe('a call with streamed messages and trailers, both ways', () => {
  it('gets each message as it is sent, and the trailers behind them', async () => {
    const port = await behind((request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
      response.flushHeaders();
      request.on('data', (chunk: Buffer) => response.write(chunk));
      request.on('end', () => {
        response.addTrailers({
          'grpc-status': '0',
          'grpc-message': request.trailers['x-checksum'] ?? 'none',
        });
        response.end();
      });
    });
    const headers = { 'content-type': 'application/grpc', te: 'trailers', trailer: 'x-checksum' };
    const call = open({ port, method: 'POST', path: '/service/method', headers });
    call.flushHeaders();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    for (let count = 0; count < MESSAGES; count++) {
      call.write(`message ${count}`);
      const [echo] = (await once(response, 'data')) as [Buffer];
      expect(String(echo)).toBe(`message ${count}`);
    }
    call.addTrailers({ 'X-Checksum': 'abc' });
    call.end();
    await once(response, 'end');
    expect(response.trailers).toEqual({ 'grpc-status': '0', 'grpc-message': 'abc' });
    print(`${MESSAGES} messages echoed one by one, trailers both ways`);
  });
});

describe('server-sent events', () => {
  it(`are seen within 20 ms of their sending, one every ${EVENT_INTERVAL} ms`, async () => {
    const sent: number[] = [];
    const port = await behind((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => {
        sent.push(performance.now());
        response.write(`data: ${sent.length}\n\n`);
        if (sent.length < EVENTS) return;
        clearInterval(timer);
        response.end();
      }, EVENT_INTERVAL);
    });
    const call = open({ port, path: '/events' });
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const delays: number[] = [];
    response.on('data', () => delays.push(performance.now() - (sent[delays.length] ?? 0)));
    await once(response, 'end');
    print(`${delays.length} events, the slowest after ${Math.max(...delays).toFixed(1)} ms`);
    expect(delays).toHaveLength(EVENTS);
    expect(Math.max(...delays)).toBeLessThan(20);
  });
});

describe('curl --expect100-timeout 5 -T bigfile', () => {
  const file = join(temporaryFolder(), 'big');
  writeFileSync(file, Buffer.alloc(BIG));

  async function curl(port: number): Promise<{ status: string; uploaded: number; seconds: number }> {
    const format = '%{http_code} %{size_upload} %{time_total}';
    const args = [
      '-s',
      '-o',
      '/dev/null',
      '-w',
      format,
      '--expect100-timeout',
      '5',
      '-H',
      'Expect: 100-continue',
    ];
    const { stdout } = await run('curl', [...args, '-T', file, `http://127.0.0.1:${port}/big`]).catch(
      (error: { stdout: string }) => error,
    );
    const [status = '', uploaded, seconds] = stdout.split(' ');
    return { status, uploaded: Number(uploaded), seconds: Number(seconds) };
  }

  it('is told to go on by an origin that says 100, and does', async () => {
    let received = 0;
    const listener: RequestListener = (request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      request.on('end', () => response.end('ok'));
    };
    const outcome = await curl(await behind(listener));
    print(`origin says 100: ${JSON.stringify(outcome)}`);
    expect([outcome.status, outcome.uploaded, received]).toEqual(['200', BIG, BIG]);
    expect(outcome.seconds).toBeLessThan(5);
  });

  it('sends nothing to an origin that says 417', async () => {
    const { port } = await rawOrigin((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'));
      socket.on('error', () => undefined);
    });
    const { client } = await tunnel(port);
    const outcome = await curl(client.httpPort);
    print(`origin says 417: ${JSON.stringify(outcome)}`);
    expect(outcome.status).toBe('417');
    expect(outcome.uploaded).toBe(0);
    expect(outcome.seconds).toBeLessThan(5);
  });
});

describe('an upload of 100 MB that is answered 413 at once', () => {
  it('gets the 413, and stops', async () => {
    let received = 0;
    const port = await behind((request, response) => {
      response.writeHead(413, { connection: 'close' }).end('too large');
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
    });
    const file = join(temporaryFolder(), 'big');
    writeFileSync(file, Buffer.alloc(BIG));
    const args = ['-s', '-o', '/dev/null', '-w', '%{http_code} %{size_upload}', '-H', 'Expect:', '-T', file];
    const { stdout } = await run('curl', [...args, `http://127.0.0.1:${port}/big`]).catch(
      (error: { stdout: string }) => error,
    );
    print(`curl says "${stdout}" (status, bytes sent); the origin got ${received} bytes`);
    expect(stdout.split(' ')[0]).toBe('413');
    expect(received).toBeLessThan(BIG / 2);
  });
});
