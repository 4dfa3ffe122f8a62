import { describe, expect, it } from 'vitest';
import { InheritedSocketError, inheritedSocket } from './systemd-sockets.ts';

const PID = 42;
const env = (LISTEN_FDS: string, LISTEN_FDNAMES?: string, LISTEN_PID = String(PID)) =>
  LISTEN_FDNAMES === undefined ? { LISTEN_FDS, LISTEN_PID } : { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES };

describe('inherited socket', () => {
  it('is the only one that systemd passed, whatever its name', () => {
    expect(inheritedSocket(env('1'), PID)).toBe(3);
    expect(inheritedSocket(env('1', 'ptproxy@client.socket'), PID)).toBe(3);
  });

  it('is the one named http among several', () => {
    expect(inheritedSocket(env('3', 'metrics:http:other'), PID)).toBe(4);
  });

  it.each([
    ['there is nothing', {}],
    ['there are none', env('0')],
    ['they are for another process', env('1', 'http', '43')],
    ['they are for nobody', { LISTEN_FDS: '1' }],
  ])('is not there when %s', (_, environment) => {
    expect(inheritedSocket(environment, PID)).toBeUndefined();
  });

  it.each([
    [
      env('2', 'a:b'),
      'systemd passed 2 sockets (a, b); allowed is one, or one with FileDescriptorName=http among them',
    ],
    [
      env('2', 'http:http'),
      'systemd passed 2 sockets (http, http); allowed is one, or one with FileDescriptorName=http among them',
    ],
    [
      env('2'),
      'systemd passed 2 sockets (without names); allowed is one, or one with FileDescriptorName=http among them',
    ],
    [env('x'), 'LISTEN_FDS is "x"; allowed is a number'],
  ])('must be clear from %o', (environment, message) => {
    expect(() => inheritedSocket(environment, PID)).toThrow(new InheritedSocketError(message));
  });
});
