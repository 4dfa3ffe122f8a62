import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { atEachBeat, BEAT } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('calls all of those who are there, in one go, as often as they want', () => {
  const calls: string[] = [];
  const ends = [
    atEachBeat(() => calls.push('each')),
    atEachBeat(() => calls.push('other'), 2),
    atEachBeat(() => calls.push('each too')),
  ];
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(2 * BEAT - 1);
  expect(calls).toHaveLength(calls.includes('other') ? 3 : 2);
  vi.advanceTimersByTime(2 * BEAT + 1);
  expect(calls.filter((call) => call === 'each')).toHaveLength(4);
  expect(calls.filter((call) => call === 'each too')).toHaveLength(4);
  expect(calls.filter((call) => call === 'other')).toHaveLength(2);
  ends[0]?.();
  vi.advanceTimersByTime(2 * BEAT);
  expect(calls.filter((call) => call === 'each')).toHaveLength(4);
  expect(calls.filter((call) => call === 'each too')).toHaveLength(6);
  for (const end of ends) end();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(2 * BEAT);
  expect(calls.filter((call) => call === 'each too')).toHaveLength(6);
});

it('begins anew when all had gone', () => {
  let calls = 0;
  atEachBeat(() => calls++)();
  const end = atEachBeat(() => calls++);
  vi.advanceTimersByTime(3 * BEAT);
  end();
  expect(calls).toBe(3);
});
