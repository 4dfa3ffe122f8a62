import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { SCHEMA, SECTION_NAMES } from './schema.ts';
import { certificateName, cidrBlocks, fieldNames, host, hostPort, ip, ipPort, type Type } from './types.ts';

const accepts = <T>(type: Type<T>, text: string): boolean => type.parse(text, '/') !== undefined;

describe('addresses', () => {
  it.each([
    ['ipPort', ipPort, ['[::]:20080', '127.0.0.1:0', '[fe80::1]:65535']],
    ['hostPort', hostPort, ['localhost:8081', '[::1]:80', '10.0.0.1:80', 'my_service:80', 'a.example.:80']],
    ['host', host, ['bar.example.org', '::1', '10.0.0.1', 'my_service', 'xn--bcher-kva.example']],
    ['certificateName', certificateName, ['bar.example.org', '3com.com', '2001:db8::1', '10.0.0.1']],
    ['ip', ip, ['::', '0.0.0.0', '2001:db8::1']],
  ])('%s takes them', (_, type, texts) => {
    expect(texts.filter((text) => !accepts<unknown>(type, text))).toEqual([]);
  });

  it.each([
    [
      'ipPort',
      ipPort,
      ['', ':80', '[::]', '::', '::1:80', '[::]:', '[::]:65536', '[127.0.0.1]:80', 'a:80', '[::]:8 '],
    ],
    [
      'hostPort',
      hostPort,
      ['localhost', 'localhost:0', 'http://a:80', 'a b:80', '1.2.3:80', 'u@h:80', 'a:80/', '-a:80'],
    ],
    ['host', host, ['', 'a:80', '[::1]', '.', 'a..b', '256.1.1.1', 'a/b', 'bücher.example', 'a'.repeat(64)]],
    [
      'certificateName',
      certificateName,
      ['', '*.example.org', 'a.', 'a_b', '-a', 'a-', 'a\0', `${'a.'.repeat(127)}a`],
    ],
    ['ip', ip, ['', 'localhost', '[::]', '127.0.0.1:80', '1.2.3']],
  ])('%s refuses others', (_, type, texts) => {
    expect(texts.filter((text) => accepts<unknown>(type, text))).toEqual([]);
  });

  it('takes lists of CIDR blocks', () => {
    expect(cidrBlocks.parse(['10.0.0.0/8', '2001:db8::/128'], '/')).toEqual(['10.0.0.0/8', '2001:db8::/128']);
  });

  it.each([[[]], [['10.0.0.0/33']], [['10.0.0.0']], [['::/129']], [['a/8']], [['::/0', 1]], '::/0'])(
    'refuses %j as list of CIDR blocks',
    (raw) => {
      expect(cidrBlocks.parse(raw, '/')).toBeUndefined();
    },
  );

  it('takes lists of field names, in any case, and none', () => {
    expect(fieldNames.parse(['X-Session-Id', ':path'], '/')).toEqual(['x-session-id', ':path']);
    expect(fieldNames.parse([], '/')).toEqual([]);
  });

  it.each([[['a b']], [['a:']], [['']], [[':']], [['ä']], [[1]], 'x-session-id'])(
    'refuses %j as list of field names',
    (raw) => {
      expect(fieldNames.parse(raw, '/')).toBeUndefined();
    },
  );

  it('give back what they take', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65535), (address, port) => {
        const written = JSON.parse(ipPort.format({ host: address, port }));
        expect(ipPort.parse(written, '/')).toEqual({ host: address, port });
      }),
    );
  });
});

describe('the tables', () => {
  const keys = SECTION_NAMES.flatMap((section) =>
    Object.entries(SCHEMA[section]).map(([name, key]) => [`${section}.${name}`, key] as const),
  );

  it.each(keys)('%s: the default is allowed and is written as TOML', (_, key) => {
    if (key.default.kind !== 'value') return;
    const type: Type<unknown> = key.type;
    const { x } = parse(`x = ${type.format(key.default.value)}`, { integersAsBigInt: true });
    expect(x === undefined ? x : type.parse(x, '/')).toEqual(key.default.value);
  });
});
