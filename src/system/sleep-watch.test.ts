import { expect, it } from 'vitest';
import { SleepDetector } from './sleep-watch.ts';

function detector() {
  const time = { wall: 1_000_000, monotonic: 500 };
  const detector = new SleepDetector({ wall: () => time.wall, monotonic: () => time.monotonic });
  return (wall: number, monotonic: number): number | undefined => {
    time.wall += wall;
    time.monotonic += monotonic;
    return detector.look();
  };
}

it('looks that come in time, or nearly, are no sleep', () => {
  const after = detector();
  expect([after(1000, 1000), after(1900, 1900), after(1000, 1000)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it('a machine that was suspended shows in the wall clock alone', () => {
  const after = detector();
  expect([after(61_000, 1000), after(1000, 1000)]).toEqual([60_000, undefined]);
});

it('a process that was stopped shows in both clocks', () => {
  expect(detector()(5000, 5000)).toBe(4000);
});

it('a wall clock that is set back is no sleep', () => {
  expect(detector()(-3_600_000, 1000)).toBeUndefined();
});
