import { describe, expect, it } from 'vitest';
import { alwaysTold, createLogger, type LogFormat, type LogLevel } from './log.ts';

/** A log, and what it has written. */
function start(format: LogFormat, level: LogLevel = 'info') {
  let text = '';
  const logger = createLogger(level, format, (bytes) => {
    text += Buffer.from(bytes).toString();
    return bytes.length;
  });
  return { logger, lines: () => text.split('\n').slice(0, -1) };
}

const FORMATS: LogFormat[] = ['json', 'pretty'];
const FORGED = 'a\r\n{"level":"info","msg":"forged"}\n\x1b[31mred\x7f\x9b';

describe('a log line', () => {
  it.each(FORMATS)('is one line of printable characters, whatever the message says: %s', (format) => {
    const { logger, lines } = start(format);
    logger.info({ detail: FORGED }, FORGED);
    const escaped = 'a\\x0d\\x0a{"level":"info","msg":"forged"}\\x0a\\x1b[31mred\\x7f\\x9b';
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toContain(format === 'json' ? JSON.stringify(escaped) : escaped);
    expect(lines()[0]).not.toContain('\x1b');
  });

  it('keeps letters that are no ASCII', () => {
    const { logger, lines } = start('json');
    logger.info({}, 'grüße, 世界');
    expect(JSON.parse(lines()[0] ?? '')).toMatchObject({
      level: 'info',
      name: 'ptproxy',
      msg: 'grüße, 世界',
    });
  });

  it.each<[LogFormat, LogLevel]>([
    ['json', 'error'],
    ['json', 'info'],
    ['pretty', 'error'],
    ['pretty', 'trace'],
  ])('that is always told does not go by the level: %s, first %s', (format, level) => {
    const { logger, lines } = start(format, level);
    const always = alwaysTold(logger);
    logger.level = 'error';
    logger.info({}, 'not told');
    always.info({}, 'told');
    logger.level = 'warn';
    always.info({}, 'told again');
    expect(lines().map((line) => /(not )?told( again)?/.exec(line)?.[0])).toEqual(['told', 'told again']);
  });
});
