import { afterEach, expect, it } from 'vitest';
import { Alarm } from './alarm.ts';

let alarm: Alarm | undefined;
afterEach(() => alarm?.close());

it('rings when the time has come, not before, and again when it is set again', async () => {
  let rings = 0;
  const times = Array.from({ length: 20 }, (_, n) => n / 4);
  let start = 0;
  await new Promise<void>((resolve) => {
    const next = () => {
      start = performance.now();
      alarm?.set(times[rings] ?? 0);
    };
    alarm = new Alarm(() => {
      expect(performance.now() - start).toBeGreaterThanOrEqual(times[rings] ?? 0);
      if (++rings === times.length) resolve();
      else next();
    });
    next();
  });
});

it('rings for what was set last', async () => {
  await new Promise<void>((resolve) => {
    alarm = new Alarm(resolve);
    alarm.set(3_600_000);
    alarm.set(1);
  });
});

it('does not ring before it is set, nor twice for one setting', async () => {
  let rings = 0;
  let told = () => {};
  alarm = new Alarm(() => {
    rings++;
    told();
  });
  for (let setting = 1; setting <= 5; setting++) {
    const rang = new Promise<void>((resolve) => (told = resolve));
    alarm.set(0);
    await rang;
    // Whoever rings without being set does so at once: long enough for the thread, were it to.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(rings).toBe(setting);
  }
});
