import { describe, expect, it } from 'vitest';
import { OPTIONS } from '../h3/recording-quic.fixture.ts';
import { DEFAULTS } from './contract.fixture.ts';
import { type Contract, encodeContract, FIRST_ID } from './contract.ts';
import { Contracts } from './contracts.ts';

function contracts(own: Partial<Contract> = {}) {
  const lines: string[] = [];
  const at = (level: string) => (_details: object, message: string) => void lines.push(`${level} ${message}`);
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  let now = DEFAULTS.clock ?? 0;
  const subject = new Contracts(
    () => ({ ...DEFAULTS, ...own }),
    () => now,
    logger,
  );
  const hear = (there: Partial<Contract>): string[] => {
    subject.heard(encodeContract({ ...DEFAULTS, ...there }), 1);
    return lines.splice(0).map((line) => line.slice(0, 40));
  };
  return { subject, hear, lines, pass: (time: number) => (now += time) };
}

describe('what peers say', () => {
  it('is warned about once, however often they connect', () => {
    const { hear } = contracts();
    expect(hear({ initialRtt: 100 })).toEqual(['warn initial_rtt is 333 ms here and 100 ']);
    expect(hear({ initialRtt: 100 })).toEqual(['debug initial_rtt is 333 ms here and 100']);
    expect(hear({ initialRtt: 50 })).toEqual(['warn initial_rtt is 333 ms here and 50 m']);
  });

  it('is no news when only the distance of the clocks is another one', () => {
    const { hear, pass } = contracts();
    pass(61_000);
    expect(hear({})).toEqual(["warn the peer's clock is 61 s behind our"]);
    pass(10_000);
    expect(hear({})).toEqual(["debug the peer's clock is 71 s behind ou"]);
  });

  it('is news again only when much else was, so that memory is bounded', () => {
    const { hear } = contracts();
    for (let rtt = 1; rtt <= 65; rtt++) hear({ initialRtt: rtt });
    expect(hear({ initialRtt: 65 })[0]).toMatch(/^debug/);
    expect(hear({ initialRtt: 1 })[0]).toMatch(/^warn/);
  });

  it('is left out where it makes no sense, without a warning', () => {
    const { subject, lines } = contracts();
    const settings = new Map([...encodeContract(DEFAULTS), [FIRST_ID + 3, 0]]);
    expect(subject.heard(settings, 1)).toEqual({ ...DEFAULTS, initialRtt: undefined });
    expect(lines).toEqual(['debug ignored of what the peer says of itself: initialRtt 0']);
  });

  it('may be nothing', () => {
    const { subject, lines } = contracts();
    expect(subject.heard(new Map([[0x21, 5]]), 1)).toBeUndefined();
    expect(lines).toEqual([]);
  });
});

it('a session announces this end as it is when the session begins', () => {
  const { subject, pass } = contracts({ initialRtt: 150 });
  const { otherSettings } = subject.announcedIn(OPTIONS);
  pass(1000);
  const settings = otherSettings?.();
  expect(settings?.get(FIRST_ID + 3)).toBe(150);
  expect(settings?.get(FIRST_ID + 11)).toBe((DEFAULTS.clock ?? 0) + 1000);
});
