import { describe, expect, it } from 'vitest';
import { QpackDecoder } from './decoder.ts';
import { QpackEncoder } from './encoder.ts';

describe('a header set of a browser', () => {
  const REQUEST = [
    ...[
      ':method',
      'GET',
      ':scheme',
      'https',
      ':authority',
      'intranet.example.org',
      ':path',
      '/app/main.js?v=12',
    ],
    ...['sec-ch-ua', '"Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="24"'],
    ...['sec-ch-ua-mobile', '?0', 'sec-ch-ua-platform', '"Linux"', 'upgrade-insecure-requests', '1'],
    ...['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36'],
    ...['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
    ...['sec-fetch-site', 'same-origin', 'sec-fetch-mode', 'no-cors', 'sec-fetch-dest', 'script'],
    ...['referer', 'https://intranet.example.org/app/', 'accept-encoding', 'gzip, deflate, br, zstd'],
    ...['accept-language', 'en-GB,en;q=0.9,de;q=0.8', 'forwarded', 'for="192.0.2.43:47011";proto=http'],
  ];
  const RESPONSE = [
    ...[':status', '200', 'content-type', 'text/html; charset=utf-8', 'content-length', '48751'],
    ...['server', 'nginx/1.26.1', 'date', 'Mon, 21 Oct 2024 20:13:21 GMT', 'vary', 'Accept-Encoding'],
    ...['etag', '"5f3a-1927b4c2d40"', 'last-modified', 'Fri, 18 Oct 2024 07:28:00 GMT'],
    ...['cache-control', 'no-cache, must-revalidate', 'x-request-id', '8c5e7a0b'],
  ];

  it.each([
    ['request', REQUEST, 'acknowledged'],
    ['answer', RESPONSE, 'acknowledged'],
    ['request', REQUEST, 'in flight'],
    ['answer', RESPONSE, 'in flight'],
  ])('costs at most 40 bytes the hundredth time: %s, the others %s', (_what, fields, others) => {
    const encoder = new QpackEncoder({ maxTableCapacity: 16_384, neverIndexed: [] });
    encoder.applyPeerSettings(16_384, 100);
    const decoder = new QpackDecoder({
      maxTableCapacity: 16_384,
      blockedStreams: 0,
      maxFieldSectionSize: 16_384,
    });
    const sizes = Array.from({ length: 100 }, (_, at) => {
      const section = encoder.encode(4 * at, fields);
      decoder.receiveEncoderStream(encoder.takeEncoderStreamBytes() ?? new Uint8Array(0));
      expect(decoder.decode(4 * at, section)).toEqual({ kind: 'fields', fields });
      const acknowledgment = decoder.takeDecoderStreamBytes() ?? new Uint8Array(0);
      if (others === 'acknowledged') encoder.receiveDecoderStream(acknowledgment);
      return section.length;
    });
    expect(sizes.at(-1)).toBeLessThanOrEqual(40);
  });
});
