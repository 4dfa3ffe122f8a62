import { describe, expect, it } from 'vitest';
import { failureClass } from './failure-class.ts';
import type { QuicClose } from './port.ts';

const close = (source: QuicClose['source'], space: QuicClose['space'], code: number): QuicClose => ({
  source,
  space,
  code,
  reason: 'because',
});

describe('the kind of failure that the end of a connection is', () => {
  it.each([
    ['silence', close('idle', 'transport', 0)],
    ['certificate', close('remote', 'transport', 0x100 + 48)],
    ['certificate', close('local', 'transport', 0x100 + 42)],
    ['tls', close('remote', 'transport', 0x100 + 120)],
    ['transport', close('remote', 'transport', 0x0a)],
    ['transport', close('remote', 'transport', 0x01)],
    ['internal', close('local', 'transport', 0x01)],
    ['http3', close('remote', 'application', 0x107)],
  ])('%s', (kind, end) => {
    expect(failureClass(end)).toBe(kind);
  });

  it('is none for an orderly end', () => {
    expect(failureClass(close('remote', 'application', 0x100))).toBeUndefined();
    expect(failureClass(close('remote', 'transport', 0))).toBeUndefined();
  });
});
