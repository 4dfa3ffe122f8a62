import { describe, expect, it } from 'vitest';
import { describeTransportError } from './close-reason.ts';

describe('a transport error in words', () => {
  it.each([
    [0x00, 'NO_ERROR'],
    [0x0a, 'PROTOCOL_VIOLATION'],
    [0x10, 'NO_VIABLE_PATH'],
    [0x11, 'transport error 0x11'],
    [0x0fff_ffff, 'transport error 0xfffffff'],
  ])('0x%s is %s', (code, text) => {
    expect(describeTransportError(code, 'local', '')).toBe(text);
  });

  it('ends with whatever else is known', () => {
    expect(describeTransportError(0x0a, 'remote', 'frame too short')).toBe(
      'PROTOCOL_VIOLATION: frame too short',
    );
  });

  it.each([
    [42, /peer_hostname.*bad_certificate/],
    [43, /not meant for this use.*unsupported_certificate/],
    [44, /revoked.*certificate_revoked/],
    [45, /expired.*clocks/],
    [46, /certificate_unknown.*ptproxy check/],
    [48, /unknown_ca.*tls\.ca/],
    [116, /missing.*certificate_required.*tls\.cert/],
  ])('of TLS alert %i says what is wrong with whose certificate, and what to do', (alert, text) => {
    const local = describeTransportError(0x100 + alert, 'local', '');
    const remote = describeTransportError(0x100 + alert, 'remote', '');
    expect(local).toMatch(/^the peer's certificate /);
    expect(remote).toMatch(/^the peer refused our certificate: it /);
    expect(local).toMatch(text);
    expect(remote.replaceAll(', was issued by a CA that the peer does not trust', '')).toMatch(text);
  });

  it('names the CA that the judge trusts from the side of the reader', () => {
    expect(describeTransportError(304, 'local', '')).toContain('the CA that this end trusts');
    expect(describeTransportError(304, 'remote', '')).toContain('the CA that the peer trusts');
  });

  it.each([
    [40, 'handshake_failure'],
    [120, 'no_application_protocol'],
    [99, 'alert 99'],
  ])('of TLS alert %i, which is about no certificate, is %s', (alert, name) => {
    expect(describeTransportError(0x100 + alert, 'local', '')).toBe(`TLS handshake refused: ${name}`);
    expect(describeTransportError(0x100 + alert, 'remote', '')).toBe(
      `the peer refused the TLS handshake: ${name}`,
    );
  });
});
