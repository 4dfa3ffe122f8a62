import { describe, expect, it } from 'vitest';
import { AccessLog, type AccessLogOptions } from './access-log.ts';
import type { RequestRecord } from './observer.ts';

const RECORD: RequestRecord = {
  id: 'tag-1',
  connection: 7,
  method: 'POST',
  target: '/p?token=secret',
  status: 200,
  outcome: 'complete',
  upgraded: false,
  requestBytes: 1,
  responseBytes: 2,
  duration: 12.345,
  queued: 0.04,
  waited: 11,
};

/** What is logged of a record. */
function logged(
  changes: Partial<RequestRecord> = {},
  options: Partial<AccessLogOptions> = {},
): { details: Record<string, unknown>; message: string } | undefined {
  const lines: { details: Record<string, unknown>; message: string }[] = [];
  const info = (details: object, message: string) => {
    lines.push({ details: details as Record<string, unknown>, message });
  };
  const log = new AccessLog({ info }, 'tunnel', { enabled: true, withQuery: false, ...options });
  log.onRequestOver({ ...RECORD, ...changes });
  expect(lines.length).toBeLessThan(2);
  return lines[0];
}

describe('a line of the access log', () => {
  it('has the figures of the request, times to a tenth of a millisecond', () => {
    expect(logged()).toEqual({
      details: {
        log: 'access',
        request: 'tag-1',
        connection: 7,
        method: 'POST',
        path: '/p',
        status: 200,
        outcome: 'complete',
        upgraded: undefined,
        requestBytes: 1,
        responseBytes: 2,
        duration: 12.3,
        queued: 0,
        tunnel: 11,
      },
      message: 'POST /p 200',
    });
  });

  it('does without what was never known', () => {
    const line = logged({ method: '', target: '', status: undefined, waited: undefined });
    expect(line?.message).toBe('- - -');
    expect(line?.details).toMatchObject({ status: undefined, tunnel: undefined });
  });

  it('has the query only where that was asked for', () => {
    expect(JSON.stringify(logged())).not.toContain('secret');
    expect(logged({}, { withQuery: true })?.details.path).toBe('/p?token=secret');
  });

  it.each([false, true])('never has the user of a target (query: %s)', (withQuery) => {
    const line = logged({ target: 'http://user:secret@b/p?q' }, { withQuery });
    expect(line?.details.path).toBe(withQuery ? 'http://b/p?q' : 'http://b/p');
  });

  it('has no control character, and is not endless', () => {
    const forged = `/a\r\n{"level":"info"}\x1b[31m\x7f\x9b${'x'.repeat(5000)}`;
    const line = logged({ method: 'G\nET', target: forged }, { withQuery: true });
    expect(line?.message).toMatch(/^[ -~]*$/);
    expect(line?.details.path).toContain('/a\\x0d\\x0a{"level":"info"}\\x1b[31m\\x7f\\x9bx');
    expect(line?.message.length).toBeLessThan(2200);
  });

  it('is not written when the log is off', () => {
    expect(logged({}, { enabled: false })).toBeUndefined();
  });
});
