import { afterEach, expect, it } from 'vitest';
import { Alarm } from './alarm.ts';

let alarm: Alarm | undefined;
afterEach(() => alarm?.close());

// A second ring for the same setting would come before the time of the next.
it('rings when the time has come, not before, once for each setting', async () => {
  const times = Array.from({ length: 20 }, (_, n) => (n + 1) / 2);
  const waited: number[] = [];
  await new Promise<void>((resolve) => {
    let start = 0;
    const next = () => {
      const time = times[waited.length];
      if (time === undefined) return resolve();
      start = performance.now();
      alarm?.set(time);
    };
    alarm = new Alarm(() => {
      waited.push(performance.now() - start);
      next();
    });
    next();
  });
  expect(times.filter((time, n) => (waited[n] ?? 0) < time)).toEqual([]);
});

it('rings for what was set last', async () => {
  await new Promise<void>((resolve) => {
    alarm = new Alarm(resolve);
    alarm.set(3_600_000);
    alarm.set(1);
  });
});
