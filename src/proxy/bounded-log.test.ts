import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BoundedLog } from './bounded-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A bounded log with a clock of its own, and its lines, `level message`. */
function start() {
  const lines: string[] = [];
  const at = (level: string) => (_details: object, message: string) => lines.push(`${level} ${message}`);
  let now = 0;
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const log = new BoundedLog(logger, () => now);
  const pass = (milliseconds: number) => {
    now += milliseconds;
    vi.advanceTimersByTime(milliseconds);
  };
  return { log, lines, pass };
}

describe('a bounded log', () => {
  it('passes a hundred lines at once, of any level, and the rest at level debug', () => {
    const { log, lines } = start();
    for (let nth = 0; nth < 40; nth++) {
      log.info({}, 'a');
      log.warn({}, 'b');
      log.error({}, 'c');
    }
    expect(lines.slice(0, 3)).toEqual(['info a', 'warn b', 'error c']);
    expect(lines.filter((line) => !line.startsWith('debug'))).toHaveLength(100);
    expect(lines.filter((line) => line.startsWith('debug'))).toHaveLength(20);
  });

  it('passes one more each second', () => {
    const { log, lines, pass } = start();
    for (let nth = 0; nth < 100; nth++) log.warn({}, 'flood');
    lines.length = 0;
    pass(999);
    log.warn({}, 'early');
    pass(1);
    log.warn({}, 'later');
    expect(lines).toEqual(['debug early', 'warn later']);
  });

  it('tells once in ten seconds how many lines were left out', () => {
    const { log, lines, pass } = start();
    for (let nth = 0; nth < 350; nth++) log.warn({}, 'flood');
    lines.length = 0;
    pass(9999);
    expect(lines).toEqual([]);
    pass(1);
    expect(lines).toEqual(['warn 250 lines were left out of the log: too many at once']);
    pass(60_000);
    expect(lines).toHaveLength(1);
  });

  it('does not count lines of level debug', () => {
    const { log, lines } = start();
    for (let nth = 0; nth < 200; nth++) log.debug({}, 'detail');
    log.warn({}, 'news');
    expect(lines.at(-1)).toBe('warn news');
  });
});
