import { afterEach, describe, expect, it, vi } from 'vitest';
import { isLasting, makeLasting } from '../bytes/lasting.ts';
import { requestToHttp3, responseToHttp3 } from './fields.ts';
import { originTarget, requestHead } from './origin-request.ts';
import { parseRequestHead } from './request-head.ts';
import { parseResponseHead } from './response-head.ts';
import { writtenHead } from './written-head.ts';

/*
 * Heads that come again. What was made of them before is only right as long as nothing else that it depends on has changed.
 */

const LIMITS = { maxHeaderSize: 32_768, maxHeaderCount: 200 };
const NARROW = { ...LIMITS, maxHeaderCount: 1 };
const TIMES = [1, 2, 3, 4];

afterEach(() => {
  vi.useRealTimers();
});

const lasting = (...lines: string[]) => {
  makeLasting(lines);
  return lines;
};

describe("a request's head that comes again", () => {
  const text = 'GET /a HTTP/1.1\r\nHost: b\r\nX-A: 1';
  const fields = [':method', 'GET', ':scheme', 'http', ':authority', 'b', ':path', '/a', 'x-a', '1'];

  it('says the same each time, as the same array from the third time on', () => {
    const read = TIMES.map(() => requestToHttp3(parseRequestHead(text), LIMITS, undefined).fields);
    for (const each of read) expect(each).toEqual(fields);
    expect(read[3]).toBe(read[2]);
    expect(isLasting(read[3] ?? [])).toBe(true);
  });

  it.each([
    ['another target', 'GET /b HTTP/1.1\r\nHost: b\r\nX-A: 1', '/b'],
    ['another method', 'PUT /a HTTP/1.1\r\nHost: b\r\nX-A: 1', '/a'],
  ])('is another one with %s', (_, other, path) => {
    for (const _time of TIMES) {
      expect(requestToHttp3(parseRequestHead(text), LIMITS, undefined).fields).toEqual(fields);
      const read = requestToHttp3(parseRequestHead(other), LIMITS, undefined).fields;
      expect(read[1]).toBe(other.slice(0, 3));
      expect(read[7]).toBe(path);
    }
  });

  it('is looked at again when limits have changed', () => {
    for (const _time of TIMES) {
      requestToHttp3(parseRequestHead(text), LIMITS, undefined);
      expect(() => requestToHttp3(parseRequestHead(text), NARROW, undefined)).toThrow('too many');
    }
  });

  it('has the Forwarded of its own connection', () => {
    for (const forwarded of ['for=one', undefined, 'for=two', undefined, 'for=three']) {
      const read = requestToHttp3(parseRequestHead(text), LIMITS, forwarded).fields;
      expect(read.slice(10)).toEqual(forwarded === undefined ? [] : ['forwarded', forwarded]);
    }
  });

  it('that is long is read each time', () => {
    const long = `GET / HTTP/1.1\r\nHost: b\r\nX-A: ${'1'.repeat(4096)}`;
    for (const _time of TIMES) parseRequestHead(long);
    expect(isLasting(parseRequestHead(long).rawHeaders)).toBe(false);
  });

  it('reaches the origin with what its hop says, and with its own framing', () => {
    const lines = lasting(...fields);
    const target = originTarget(lines);
    const begin = 'GET /a HTTP/1.1\r\nHost: b\r\nX-A: 1\r\nX-Request-Id: ';
    const end = 'Connection: keep-alive\r\n\r\n';
    for (const id of ['1', '2', '3']) {
      const bare = requestHead(target, lines, 'none', { forwarded: undefined, requestId: id });
      expect(bare).toEqual({ text: `${begin}${id}\r\n${end}`, isChunked: false });
      const chunked = requestHead(target, lines, 'chunked', { forwarded: `for=${id}`, requestId: id });
      const hop = `${id}\r\nForwarded: for=${id}\r\nTransfer-Encoding: chunked\r\n`;
      expect(chunked).toEqual({ text: `${begin}${hop}${end}`, isChunked: true });
    }
  });
});

describe("an origin's head that comes again", () => {
  const text = 'HTTP/1.1 200 OK\r\nDate: then\r\nContent-Length: 3\r\nX-A: 1';
  const fields = [':status', '200', 'date', 'then', 'content-length', '3', 'x-a', '1'];

  it('says the same each time, as the same array from the third time on', () => {
    const read = TIMES.map(() => responseToHttp3(parseResponseHead(text), LIMITS));
    for (const each of read) expect(each).toMatchObject({ fields, contentEnd: 3, persists: true });
    expect(read[3]).toBe(read[2]);
    expect(isLasting(read[3]?.fields ?? [])).toBe(true);
  });

  it('is looked at again when limits have changed', () => {
    for (const _time of TIMES) {
      responseToHttp3(parseResponseHead(text), LIMITS);
      expect(() => responseToHttp3(parseResponseHead(text), NARROW)).toThrow('too many');
    }
  });

  it('has the Date of its own second where the origin gives none', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const second of [100, 100, 100, 101, 101, 101, 102]) {
      vi.setSystemTime(second * 1000);
      const { fields: read } = responseToHttp3(parseResponseHead('HTTP/1.1 204 None\r\nX-A: 1'), LIMITS);
      expect(read.slice(4)).toEqual(['date', new Date(second * 1000).toUTCString()]);
    }
  });
});

describe('a response out of the tunnel that comes again', () => {
  const request = (method: string, minorVersion: 0 | 1 = 1) => ({
    method,
    target: '/',
    minorVersion,
    rawHeaders: [],
  });

  it('is written for who has asked', () => {
    const fields = lasting(':status', '200', 'date', 'then', 'trailer', 'x-a');
    const begin = 'HTTP/1.1 200 OK\r\nDate: then\r\n';
    const kept = 'Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n';
    for (const _time of TIMES) {
      expect(writtenHead(fields, request('GET'), true)).toEqual({
        text: `${begin}Trailer: x-a\r\n${kept}Transfer-Encoding: chunked\r\n\r\n`,
        status: 200,
        isBodiless: false,
        isChunked: true,
        isCloseDelimited: false,
        persists: true,
      });
      expect(writtenHead(fields, request('GET'), false)).toMatchObject({
        text: `${begin}Trailer: x-a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
        persists: false,
      });
      expect(writtenHead(fields, request('HEAD'), true)).toMatchObject({
        text: `${begin}${kept}\r\n`,
        isBodiless: true,
        persists: true,
      });
      expect(writtenHead(fields, request('GET', 0), true)).toMatchObject({
        text: `${begin}Connection: close\r\n\r\n`,
        isCloseDelimited: true,
        persists: false,
      });
    }
  });

  it('has the Date of its own second where it came with none', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const fields = lasting(':status', '204');
    for (const second of [100, 100, 101, 101, 102]) {
      vi.setSystemTime(second * 1000);
      const date = new Date(second * 1000).toUTCString();
      expect(writtenHead(fields, request('GET'), true).text).toContain(`\r\nDate: ${date}\r\n`);
    }
  });

  it('is refused each time for a status that it cannot have', () => {
    const fields = lasting(':status', '600');
    for (const _time of TIMES) expect(() => writtenHead(fields, request('GET'), true)).toThrow('status 600');
  });
});
