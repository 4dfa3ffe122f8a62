import { describe, expect, it } from 'vitest';
import { makeLasting } from '../bytes/lasting.ts';
import { Code } from './codes.ts';
import { H3Error } from './errors.ts';
import { checkRequest, checkResponse, checkTrailers, fieldSectionSize } from './fields.ts';
import type { FieldLines } from './port.ts';

const request = (overrides: Record<string, string | undefined> = {}, ...more: string[]): FieldLines => {
  const pseudo = { ':method': 'GET', ':scheme': 'https', ':authority': 'a', ':path': '/', ...overrides };
  return [
    ...Object.entries(pseudo).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    ...more,
  ];
};

function extended(protocol: string, overrides: Record<string, string | undefined> = {}, ...more: string[]) {
  return [':protocol', protocol, ...request({ ':method': 'CONNECT', ...overrides }, ...more)];
}

function codeOf(check: () => unknown): number | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof H3Error && error.scope === 'stream') return error.code;
    throw error;
  }
  return undefined;
}

const goodRequests: [string, FieldLines][] = [
  ['plain', request()],
  ['with host alone', request({ ':authority': undefined }, 'host', 'a')],
  ['with host that equals :authority', request({}, 'host', 'a')],
  ['OPTIONS *', request({ ':method': 'OPTIONS', ':path': '*' })],
  ['CONNECT', [':method', 'CONNECT', ':authority', 'a:443']],
  ['extended CONNECT', extended('websocket')],
  ['extended CONNECT with a version', extended('irc/6.9')],
  ['extended CONNECT with host alone', extended('x', { ':authority': undefined }, 'host', 'a')],
  ['extended CONNECT with Content-Length', extended('x', {}, 'content-length', '3')],
  ['an IPv6 authority', request({ ':authority': '[::1]:8080' })],
  ['te: trailers', request({}, 'te', 'trailers')],
  ['bytes above 0x7f in a value', request({}, 'x', '\x80\xff')],
  ['a tab within a value', request({}, 'x', 'a\tb')],
  ['an empty value', request({}, 'x', '')],
  ['a path that looks like an authority', request({ ':path': '//evil/x' })],
  ['an unusual method', request({ ':method': 'M-SEARCH' })],
  ['the same field twice', request({}, 'accept', 'a', 'accept', 'b')],
  [
    'another scheme without authority or path',
    request({ ':scheme': 'urn', ':authority': undefined, ':path': '' }),
  ],
];

const badRequests: [string, FieldLines][] = [
  ['no :method', request({ ':method': undefined })],
  ['no :scheme', request({ ':scheme': undefined })],
  ['no :path', request({ ':path': undefined })],
  ['empty :path', request({ ':path': '' })],
  ['neither :authority nor host', request({ ':authority': undefined })],
  ['empty :authority', request({ ':authority': '' })],
  ['empty host', request({ ':authority': undefined }, 'host', '')],
  [':authority and host that differ', request({}, 'host', 'b')],
  ['two hosts', request({}, 'host', 'a', 'host', 'a')],
  ['a user in :authority', request({ ':authority': 'u@h' })],
  ['two hosts in :authority', request({ ':authority': 'a,b' })],
  ['a user in host', request({ ':authority': undefined }, 'host', 'u@h')],
  [':method twice', [':method', 'GET', ...request()]],
  ['an unknown pseudo-field', [':x', 'y', ...request()]],
  [':protocol without CONNECT', [':protocol', 'websocket', ...request()]],
  [':protocol twice', [':protocol', 'websocket', ...extended('websocket')]],
  ...['', 'a b', 'a,b', 'a/b/c', '/1', 'a/', 'a\r\nx: y', '\xe4'].map((value): [string, FieldLines] => [
    `:protocol "${value}"`,
    extended(value),
  ]),
  ['extended CONNECT without :scheme', extended('x', { ':scheme': undefined })],
  ['extended CONNECT without :path', extended('x', { ':path': undefined })],
  ['extended CONNECT with an empty :path', extended('x', { ':path': '' })],
  ['extended CONNECT without :authority', extended('x', { ':authority': undefined })],
  ['extended CONNECT to *', extended('x', { ':path': '*' })],
  ['extended CONNECT with upgrade', extended('x', {}, 'upgrade', 'x')],
  [':status in a request', [':status', '200', ...request()]],
  ['a pseudo-field after a regular one', request({ ':path': undefined }, 'x', 'y', ':path', '/')],
  ['the bare name ":"', [':', 'x', ...request()]],
  ['a space in :method', request({ ':method': 'GE T' })],
  ['an empty :method', request({ ':method': '' })],
  ['a space in :path', request({ ':path': '/a b' })],
  ['a line end in :path', request({ ':path': '/a\r\nx: y' })],
  ['a fragment in :path', request({ ':path': '/a#b' })],
  ['a relative :path', request({ ':path': 'a' })],
  ['an absolute URI in :path', request({ ':path': 'http://b/' })],
  ['* without OPTIONS', request({ ':path': '*' })],
  ['a bad :scheme', request({ ':scheme': 'ht tp' })],
  ['CONNECT with :path', request({ ':method': 'CONNECT' })],
  ['CONNECT without :authority', [':method', 'CONNECT']],
  ['an upper-case name', request({}, 'X', 'y')],
  ['an empty name', request({}, '', 'y')],
  ['a space in a name', request({}, 'a b', 'y')],
  ['a colon in a name', request({}, 'a:b', 'y')],
  ['a byte above 0x7f in a name', request({}, 'a\xe4', 'y')],
  ['CR in a value', request({}, 'x', 'a\rb')],
  ['LF in a value', request({}, 'x', 'a\nb')],
  ['NUL in a value', request({}, 'x', 'a\0b')],
  ['another control byte in a value', request({}, 'x', 'a\x7fb')],
  ['a blank before a value', request({}, 'x', ' a')],
  ['a tab behind a value', request({}, 'x', 'a\t')],
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
    (name): [string, FieldLines] => [`connection-specific ${name}`, request({}, name, 'x')],
  ),
  ['te: gzip', request({}, 'te', 'gzip')],
  ['te: trailers, gzip', request({}, 'te', 'trailers, gzip')],
  ['content-length twice', request({}, 'content-length', '1', 'content-length', '1')],
  ...['', '+1', '-1', '0x1', '1, 1', '1.0', '9'.repeat(19)].map((value): [string, FieldLines] => [
    `content-length "${value}"`,
    request({}, 'content-length', value),
  ]),
];

describe('request fields', () => {
  it.each(goodRequests)('accepts %s', (_name, fields) => {
    expect(codeOf(() => checkRequest(fields))).toBeUndefined();
  });

  it.each(badRequests)('refuses %s', (_name, fields) => {
    expect(codeOf(() => checkRequest(fields))).toBe(Code.H3_MESSAGE_ERROR);
  });

  it('gives method and content length', () => {
    const fields = request({ ':method': 'POST' }, 'content-length', '007');
    expect(checkRequest(fields)).toEqual({ method: 'POST', contentLength: 7 });
  });
});

describe('response fields', () => {
  it.each(['100', '103', '199', '200', '204', '404', '599'])('accepts status %s', (status) => {
    expect(checkResponse([':status', status]).status).toBe(Number(status));
  });

  it.each(['101', '099', '600', '20', '2000', '', '+20', '2e2', '20 '])('refuses status "%s"', (status) => {
    expect(codeOf(() => checkResponse([':status', status]))).toBe(Code.H3_MESSAGE_ERROR);
  });

  it.each<[string, FieldLines]>([
    ['no :status', ['x', 'y']],
    [':status twice', [':status', '200', ':status', '200']],
    [':method in a response', [':status', '200', ':method', 'GET']],
    [':protocol in a response', [':protocol', 'websocket', ':status', '200']],
    ['te in a response', [':status', '200', 'te', 'trailers']],
    ['connection in a response', [':status', '200', 'connection', 'close']],
  ])('refuses %s', (_name, fields) => {
    expect(codeOf(() => checkResponse(fields))).toBe(Code.H3_MESSAGE_ERROR);
  });
});

describe('trailer fields', () => {
  it('accepts regular fields', () => {
    expect(codeOf(() => checkTrailers(['grpc-status', '0']))).toBeUndefined();
  });

  it.each([':status', ':path', 'te', 'transfer-encoding', 'X'])('refuses %s', (name) => {
    expect(codeOf(() => checkTrailers([name, '200']))).toBe(Code.H3_MESSAGE_ERROR);
  });
});

it('the size of a field section counts 32 bytes for each line', () => {
  expect(fieldSectionSize(['ab', 'cde', 'f', ''])).toBe(5 + 32 + 1 + 32);
});

describe('a lasting section that was found right', () => {
  it('is still wrong as a section of another kind', () => {
    const request = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'];
    makeLasting(request);
    const response = [':status', '200'];
    makeLasting(response);
    for (let time = 0; time < 3; time++) {
      expect(checkRequest(request)).toEqual({ method: 'GET', contentLength: undefined });
      expect(checkResponse(response)).toEqual({ status: 200, contentLength: undefined });
      expect(() => checkResponse(request)).toThrow('does not belong here');
      expect(() => checkTrailers(request)).toThrow('does not belong here');
      expect(() => checkRequest(response)).toThrow('does not belong here');
    }
  });

  it('is found wrong each time when it is', () => {
    const fields = [':status', '200', 'Upper', 'case'];
    makeLasting(fields);
    for (let time = 0; time < 3; time++) expect(() => checkResponse(fields)).toThrow('bad field name');
  });
});
