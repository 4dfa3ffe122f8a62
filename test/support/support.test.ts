import { afterEach, describe, expect, it } from 'vitest';
import { fetchHashed, fetchWhole } from './http-client.ts';
import {
  diesInBody,
  type EchoReport,
  hashEcho,
  type Origin,
  patternBody,
  silent,
  slowReader,
  startOrigin,
  startRawOrigin,
} from './origin.ts';
import { patternBytes, patternHash, patternStream, sha256 } from './pattern.ts';

let origin: Origin | undefined;

afterEach(async () => {
  await origin?.stop();
  origin = undefined;
});

describe('the pattern', () => {
  it('is the same for the same seed, as a stream too', async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of patternStream(200_001, 5)) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(patternBytes(200_001, 5))).toBe(true);
    expect(sha256(patternBytes(200_001, 5))).toBe(patternHash(200_001, 5));
  });

  it('is another one for another seed', () => {
    expect(patternHash(1000, 1)).not.toBe(patternHash(1000, 2));
  });
});

describe('the origins', () => {
  it('report what they got', async () => {
    origin = await startOrigin(hashEcho);
    const answer = await fetchWhole({ port: origin.port, path: '/here', body: patternStream(300_000) });
    const report = JSON.parse(answer.body.toString()) as EchoReport;
    expect(report).toMatchObject({
      method: 'POST',
      url: '/here',
      bytes: 300_000,
      sha256: patternHash(300_000),
    });
  });

  it.each(['/300000/7', '/300000/7?chunked'])('give the pattern at %s', async (path) => {
    origin = await startOrigin(patternBody);
    const answer = await fetchHashed({ port: origin.port, path });
    expect(answer).toMatchObject({ status: 200, bytes: 300_000, sha256: patternHash(300_000, 7) });
    expect(answer.headers['x-sha256']).toBe(answer.sha256);
    expect(answer.headers['content-length']).toBe(path.includes('?') ? undefined : '300000');
  });

  it('read slowly', async () => {
    origin = await startOrigin(slowReader(2_000_000));
    const answer = await fetchHashed({ port: origin.port, body: patternBytes(200_000) });
    expect(answer.duration).toBeGreaterThan(60);
  });

  it('die in mid-body', async () => {
    origin = await startOrigin(diesInBody(1000, 500));
    await expect(fetchWhole({ port: origin.port })).rejects.toThrow('aborted');
  });

  it('keep silent, until they are stopped', async () => {
    let received = () => {};
    const arrived = new Promise<void>((resolve) => {
      received = resolve;
    });
    origin = await startOrigin((request, response) => {
      silent(request, response);
      received();
    });
    const cut = expect(fetchWhole({ port: origin.port })).rejects.toThrow('hang up');
    await arrived;
    await origin.stop();
    origin = undefined;
    await cut;
  });

  it('write raw bytes', async () => {
    origin = await startRawOrigin((socket) => socket.end('HTTP/1.1 204 No Content\r\nX-Raw: yes\r\n\r\n'));
    expect((await fetchWhole({ port: origin.port })).headers['x-raw']).toBe('yes');
  });
});
