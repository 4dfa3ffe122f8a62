import { describe, expect, it } from 'vitest';
import { CertificateWatch, type WatchedCertificate } from './certificate-watch.ts';

const DAY = 86_400_000;
const HOUR = DAY / 24;
const NOW = Date.UTC(2030, 0, 1);

const certificate = (
  days: number,
  whose: WatchedCertificate['whose'] = 'own',
  fingerprint = 'AA',
): WatchedCertificate => ({ whose, subject: 'CN=foo', fingerprint, notAfter: NOW + days * DAY });

/** A watch over certificates that the test changes, with the test's clock. */
function watching(...certificates: WatchedCertificate[]) {
  let now = NOW;
  let current = certificates;
  const lines: string[] = [];
  const watch = new CertificateWatch(
    () => current,
    () => now,
    { warn: (_details, message) => void lines.push(message) },
  );
  const look = (): string[] => {
    watch.look();
    return lines.splice(0).map((line) => line.replace(/ \(.*/, ''));
  };
  return {
    watch,
    look,
    lines,
    lookAfter: (time: number) => {
      now += time;
      return look();
    },
    replace: (...renewed: WatchedCertificate[]) => {
      current = renewed;
    },
  };
}

describe('a certificate', () => {
  it('is warned about 30, 7 and 1 days before it expires, and when it has, once each', () => {
    const { look, lookAfter } = watching(certificate(31));
    const told: [day: number, lines: string[]][] = [];
    expect(look()).toEqual([]);
    for (let hour = 1; hour <= 32 * 24; hour++) {
      const lines = lookAfter(HOUR);
      if (lines.length > 0) told.push([hour / 24, lines]);
    }
    expect(told).toEqual([
      [1, ['our certificate expires in 30 days']],
      [24, ['our certificate expires in 7 days']],
      [30, ['our certificate expires in 24 hours']],
      [31, ['our certificate has expired']],
    ]);
  });

  it('is warned about at once when it is found late, and only once', () => {
    const { look } = watching(certificate(5));
    expect(look()).toEqual(['our certificate expires in 5 days']);
    expect(look()).toEqual([]);
  });

  it('is warned about once when the clock jumps over thresholds, and not again when it jumps back', () => {
    const { look, lookAfter } = watching(certificate(100));
    expect(look()).toEqual([]);
    expect(lookAfter(99.5 * DAY)).toEqual(['our certificate expires in 12 hours']);
    expect(lookAfter(-99 * DAY)).toEqual([]);
    expect(lookAfter(80 * DAY)).toEqual([]);
  });

  it('counts anew when it is replaced', () => {
    const { look, lookAfter, replace } = watching(certificate(20));
    expect(look()).toEqual(['our certificate expires in 30 days'.replace('30', '20')]);
    replace(certificate(40, 'own', 'BB'));
    expect(look()).toEqual([]);
    expect(lookAfter(11 * DAY)).toEqual(['our certificate expires in 29 days']);
  });

  it.each([
    [
      'own',
      'our certificate expires in 5 days (CN=foo, 2030-01-06T00:00:00.000Z): put a new one at tls.cert and tls.key, then reload',
    ],
    [
      'chain',
      'a certificate of our chain expires in 5 days (CN=foo, 2030-01-06T00:00:00.000Z): put a new one at tls.cert, then reload',
    ],
    [
      'ca',
      'an authority in tls.ca expires in 5 days (CN=foo, 2030-01-06T00:00:00.000Z): put one that lasts longer into tls.ca, then reload',
    ],
    [
      'peer',
      "the peer's certificate expires in 5 days (CN=foo, 2030-01-06T00:00:00.000Z): put a new one at its tls.cert and tls.key, then reload there",
    ],
  ] as const)('says whose it is and what to do: %s', (whose, message) => {
    const { watch, lines } = watching(certificate(5, whose));
    watch.look();
    expect(lines).toEqual([message]);
  });

  it('of ours that has expired before we look was told when it was read', () => {
    const [own, chain, ca] = (['own', 'chain', 'ca'] as const).map((whose) => certificate(-1, whose, whose));
    const { look } = watching(...[own, chain, ca].filter((each) => each !== undefined));
    expect(look()).toEqual(['an authority in tls.ca has expired']);
  });
});

describe('the remark for a status', () => {
  it('is about what expires first', () => {
    const { watch } = watching(certificate(25), certificate(3, 'peer', 'BB'), certificate(300, 'ca', 'CC'));
    expect(watch.remark).toBe("the peer's certificate expires in 3 days");
  });

  it('is empty while nothing is about to expire', () => {
    expect(watching(certificate(31)).watch.remark).toBe('');
    expect(watching().watch.remark).toBe('');
  });
});
