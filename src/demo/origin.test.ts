import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoOrigin, startDemoOrigin } from './origin.ts';

let origin: DemoOrigin;
const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${origin.port}${path}`, init);

beforeAll(async () => {
  origin = await startDemoOrigin();
});

afterAll(() => origin.stop());

describe('the demo origin', () => {
  it('greets, and says what else there is', async () => {
    expect(await (await get('/')).text()).toContain('GET  /bytes/N');
  });

  it.each([0, 1, 65_536, 487_500])('gives %i bytes', async (size) => {
    const response = await get(`/bytes/${size}`);
    expect(response.headers.get('content-length')).toBe(`${size}`);
    expect((await response.arrayBuffer()).byteLength).toBe(size);
  });

  it.each(['-1', '1e3', '', 'many', '10000000001'])('refuses /bytes/%s', async (size) => {
    expect((await get(`/bytes/${size}`)).status).toBe(400);
  });

  it('sends no body in answer to HEAD, but its length', async () => {
    const response = await get('/bytes/1000', { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe('1000');
    expect(await response.text()).toBe('');
  });

  it('echoes a body with its type', async () => {
    const response = await get('/echo', {
      method: 'POST',
      body: 'a body',
      headers: { 'content-type': 'a/b' },
    });
    expect([response.headers.get('content-type'), await response.text()]).toEqual(['a/b', 'a body']);
  });

  it('counts a body', async () => {
    const response = await get('/count', { method: 'POST', body: new Uint8Array(100_000) });
    expect(await response.text()).toBe('100000\n');
  });

  it('shows the request that it got', async () => {
    const text = await (await get('/headers?q', { headers: { 'X-Probe': 'here' } })).text();
    expect(text).toMatch(/^GET \/headers\?q HTTP\/1\.1\n/);
    expect(text).toMatch(/^x-probe: here$/im);
  });

  it('answers 404 for what it does not have', async () => {
    expect((await get('/nothing')).status).toBe(404);
  });
});
