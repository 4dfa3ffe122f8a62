import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ObservationServer, plain, type Routes } from './http-server.ts';

async function serve(routes: Routes = { '/healthz': () => plain(200, 'ok') }) {
  const errors: unknown[] = [];
  const server = new ObservationServer(routes, (error) => errors.push(error));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  return { port, errors };
}

async function ask(port: number, path: string, options: { method?: string; body?: string } = {}) {
  const sent = request({ port, path, method: options.method ?? 'GET', agent: false }).end(options.body);
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

describe('the server for observers', () => {
  it('answers GET and HEAD, with whatever query', async () => {
    const { port } = await serve();
    expect(await ask(port, '/healthz?x=1')).toMatchObject({ status: 200, body: 'ok\n' });
    expect(await ask(port, '/healthz', { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '3', server: 'ptproxy' },
    });
  });

  it('answers other methods 405, and says which there are', async () => {
    const { port } = await serve();
    const answer = await ask(port, '/healthz', { method: 'POST', body: 'x' });
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD', connection: 'close' } });
  });

  it('answers other paths 404', async () => {
    const { port } = await serve();
    for (const path of ['/', '/metrics/', '/__proto__', '/constructor', '//healthz']) {
      expect((await ask(port, path)).status).toBe(404);
    }
  });

  it('refuses a head over its bound', async () => {
    const { port } = await serve();
    const socket = open(port);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('serves a bounded number of connections at once', async () => {
    const { port } = await serve();
    const sockets = Array.from({ length: 80 }, () => open(port));
    await Promise.any(sockets.map((socket) => once(socket, 'close')));
    let closed = 0;
    for (const socket of sockets) {
      socket.once('close', () => closed++);
      socket.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
    }
    const answered = sockets.map((socket) => once(socket, 'data'));
    await Promise.any(answered);
    expect(closed).toBeLessThan(80);
  });

  it('tells of an answer that could not be made, and goes on', async () => {
    const { port, errors } = await serve({
      '/bad': () => {
        throw new Error('no');
      },
      '/good': () => plain(200, 'ok'),
    });
    await expect(ask(port, '/bad')).rejects.toThrow();
    expect(errors).toMatchObject([{ message: 'no' }]);
    expect((await ask(port, '/good')).status).toBe(200);
  });
});
