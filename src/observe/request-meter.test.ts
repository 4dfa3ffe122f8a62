import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../proxy/observer.ts';
import { METHODS, RequestMeter, STATUSES } from './request-meter.ts';

const RECORD: RequestRecord = {
  id: '1',
  connection: 1,
  method: 'GET',
  target: '/',
  status: 200,
  outcome: 'complete',
  upgraded: false,
  requestBytes: 0,
  responseBytes: 10,
  duration: 20,
  queued: 1,
  waited: 15,
};

/** A meter that was told of these, each like the record above but for what is named. */
function meterOf(...records: readonly Partial<RequestRecord>[]): RequestMeter {
  const meter = new RequestMeter();
  for (const record of records) meter.onRequestOver({ ...RECORD, ...record });
  return meter;
}

describe('a meter of requests', () => {
  it('counts by method and class of status', () => {
    const meter = meterOf({}, {}, { method: 'POST', status: 404 }, { status: undefined, outcome: 'aborted' });
    expect(meter.counts).toEqual([
      [{ method: 'GET', status: 'none' }, 1],
      [{ method: 'GET', status: '2xx' }, 2],
      [{ method: 'POST', status: '4xx' }, 1],
    ]);
    expect(meter.outcomes).toEqual({ complete: 3, aborted: 1, failed: 0 });
    expect(meter.responseBytes).toBe(40);
  });

  it('has no more series than there are known methods and classes, whatever comes', () => {
    const records = Array.from({ length: 2000 }, (_, nth) => ({ method: `M${nth}`, status: nth }));
    const meter = meterOf(...records, { method: '__proto__' }, { method: 'get' }, { method: '' });
    expect(new Set(meter.counts.map(([{ method }]) => method))).toEqual(new Set(['other']));
    expect(meter.counts.length).toBeLessThanOrEqual(METHODS.length * STATUSES.length);
    expect(meter.counts.reduce((sum, [, count]) => sum + count, 0)).toBe(2003);
  });

  it('leaves upgraded connections out of the durations', () => {
    const meter = meterOf({}, { upgraded: true, status: 101, duration: 3_600_000 });
    expect(meter.duration.count).toBe(1);
    expect(meter.statuses).toMatchObject({ '1xx': 1, '2xx': 1 });
  });

  it('knows no wait where there was no response', () => {
    const meter = meterOf({ waited: undefined, status: undefined });
    expect([meter.duration.count, meter.queued.count, meter.waited.count]).toEqual([1, 1, 0]);
  });
});
