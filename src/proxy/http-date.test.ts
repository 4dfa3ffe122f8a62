import { afterEach, expect, it, vi } from 'vitest';
import { httpDate } from './http-date.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('is the present second, also after the clock was put back, and at the beginning of time', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  for (const time of [0, 999, 1000, 1_999, 86_400_000, 5000, 4999, 0]) {
    vi.setSystemTime(time);
    expect(httpDate()).toBe(new Date(time - (time % 1000)).toUTCString());
  }
});
