import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { FrameType } from './frames.ts';
import {
  concat,
  controlStream,
  data,
  GET,
  harness,
  headers,
  OK,
  POST,
  text,
} from './recording-quic.fixture.ts';
import {
  client,
  ended,
  expectEverywhere,
  frame,
  on,
  play,
  type Row,
  server,
  settingsOf,
  trailers,
} from './rules.fixture.ts';

const { H3_STREAM_CREATION_ERROR, H3_EXCESSIVE_LOAD } = Code;
const { HEADERS } = FrameType;
const malformed = { stream: Code.H3_MESSAGE_ERROR };

const withField = (...field: string[]) => headers([...POST, ...field]);

const messages: Row[] = [
  server('name in upper case', malformed, on(0, withField('X', 'y'))),
  server('name with a space', malformed, on(0, withField('a b', 'y'))),
  server('name with a colon', malformed, on(0, withField('a:b', 'y'))),
  server('CR in a value', malformed, on(0, withField('x', 'a\rb'))),
  server('LF in a value', malformed, on(0, withField('x', 'a\nb'))),
  server('NUL in a value', malformed, on(0, withField('x', 'a\0b'))),
  server('pseudo-field twice', malformed, on(0, headers([...POST, ':path', '/']))),
  server('pseudo-field missing', malformed, on(0, headers(POST.slice(2)))),
  server('pseudo-field unknown', malformed, on(0, headers([...POST, ':x', 'y']))),
  server('pseudo-field after a regular one', malformed, on(0, headers(['x', 'y', ...POST]))),
  server('pseudo-field of a response', malformed, on(0, headers([...POST, ':status', '200']))),
  server('pseudo-field in trailers', malformed, on(0, headers(POST), headers([':path', '/']))),
  server('connection-specific field', malformed, on(0, withField('transfer-encoding', 'chunked'))),
  server(
    'connection-specific field in trailers',
    malformed,
    on(0, headers(POST), headers(['connection', 'x'])),
  ),
  server(':authority and host differ', malformed, on(0, withField('host', 'b'))),
  server('content over Content-Length', malformed, on(0, withField('content-length', '2'), data('abc'))),
  server('content under Content-Length', malformed, ended(0, withField('content-length', '4'), data('abc'))),
  server('no content for Content-Length', malformed, ended(0, withField('content-length', '4'))),
  server(
    'trailers before Content-Length is met',
    malformed,
    on(0, withField('content-length', '4'), data('abc'), trailers),
  ),
  client('pseudo-field of a request', malformed, on(0, headers([...OK, ':path', '/']))),
  client('no :status', malformed, on(0, headers(['x', 'y']))),
  client('status 101', malformed, on(0, headers([':status', '101']))),
  client(
    'content over Content-Length',
    malformed,
    on(0, headers([...OK, 'content-length', '2']), data('abc')),
  ),
  client(
    'content under Content-Length',
    malformed,
    ended(0, headers([...OK, 'content-length', '4']), data('abc')),
  ),
  client('pseudo-field in trailers', malformed, on(0, headers(OK), headers([':status', '200']))),
  client('content with status 204', malformed, on(0, headers([':status', '204']), data('abc'))),
  client('content with status 304', malformed, on(0, headers([':status', '304']), data('abc'))),
  {
    ...client('content in an answer to HEAD', malformed, on(0, headers(OK), data('abc'))),
    request: [':method', 'HEAD', ...GET.slice(2)],
  },
];

const oversized: Row[] = [
  server('field section over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, Buffer.of(HEADERS, 0x60, 0))),
  server('decoded size over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, withField(...tooManyBytes()))),
  server('too many lines', { stream: H3_EXCESSIVE_LOAD }, on(0, withField(...tooManyLines()))),
  server(
    'trailers over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers(POST), headers(tooManyBytes())),
  ),
  server('too many trailers', { stream: H3_EXCESSIVE_LOAD }, on(0, headers(POST), headers(tooManyLines()))),
  client('field section over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, Buffer.of(HEADERS, 0x60, 0))),
  client(
    'decoded size over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers([...OK, ...tooManyBytes()])),
  ),
  client(
    'trailers over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers(OK), headers(tooManyBytes())),
  ),
  client(
    '17 interim responses',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, ...Array.from({ length: 17 }, () => headers([':status', '103']))),
  ),
];

// Small as bytes (Huffman coding of "a" takes 5 bits), large as a field section.
function tooManyBytes(): string[] {
  return ['x', 'a'.repeat(4090)];
}

function tooManyLines(): string[] {
  return Array.from({ length: 51 }, () => ['a', '']).flat();
}

describe.each([
  ['malformed messages', messages],
  ['field sections over the limits', oversized],
] as const)('%s', (_group, rows) => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    expectEverywhere(row);
  });
});

describe('what is malformed in the head', () => {
  it.each(
    messages
      .filter((row) => row.role === 'server' && row.steps.length === 1 && !row.name.includes('ontent'))
      .slice(0, 11),
  )('is never shown to the server ($name)', (row) => {
    expect(play(row, (bytes) => [bytes]).peer.requests).toEqual([]);
  });
});

describe('reserved things are ignored', () => {
  it('frames, in any place of a message and of the control stream', () => {
    const server = harness('server');
    const reserved = frame(0x21, 1, 2, 3);
    server.receive(2, controlStream(reserved, reserved));
    server.receive(
      0,
      concat(reserved, headers(POST), reserved, data('x'), reserved, trailers, reserved),
      true,
    );
    expect(server.requests[0]?.events.log).toEqual(['data x', 'trailers x y', 'end']);
    expect(server.quic.closes).toEqual([]);
  });

  it('settings', () => {
    const server = harness('server');
    server.receive(2, settingsOf(0x21, 1, 0x40, 0x5f, 7, 0x33, 1));
    expect(server.log).toEqual(['ready']);
  });

  it('streams, while those of unknown types are refused on their own', () => {
    const server = harness('server');
    server.receive(2, concat(Buffer.of(0x21), text('anything')));
    server.receive(6, concat(Buffer.of(0x22), text('anything')));
    expect(server.quic.stops).toEqual([[6, H3_STREAM_CREATION_ERROR]]);
    expect(server.quic.closes).toEqual([]);
  });

  it('a stream that ends before its type is complete', () => {
    const server = harness('server');
    server.receive(2, Buffer.of(0x40), true);
    server.receive(6, Buffer.of(), true);
    server.reset(10, 0);
    expect(server.quic.closes).toEqual([]);
  });
});
