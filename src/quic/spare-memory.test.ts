import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { SpareMemory } from './spare-memory.ts';

const MB = 2 ** 20;
const resident = (): number => process.memoryUsage.rss();

function recorder(): { told: string[]; spare: SpareMemory } {
  const told: string[] = [];
  const logger = { debug: (_: object, text: string) => told.push(text), info: () => {}, warn: () => {} };
  return { told, spare: new SpareMemory(logger) };
}

it('what a busy time has left behind is given back', async () => {
  const { told, spare } = recorder();
  await spare.look();
  const before = resident();
  // A small piece that stays between two that go keeps the allocator from giving back anything by itself.
  let held = Array.from({ length: 40_000 }, () => Buffer.allocUnsafeSlow(5000).fill(1));
  expect(resident()).toBeGreaterThan(before + 150 * MB);
  held = held.filter((_, index) => index % 100 === 0);
  await new Promise((resolve) => setImmediate(resolve));
  // The first look may find that the process was busy, and V8 frees what was found beside the next.
  const isBack = (): boolean => resident() < before + 60 * MB;
  for (let looks = 0; looks < 4 && !isBack(); looks++) {
    await spare.look();
    await pause(20);
  }
  expect(isBack()).toBe(true);
  expect(held.length).toBe(400);
  expect(told[0]).toBe('a busy time is over: memory is given back');
});

it('memory that is in use is looked for three times, and then counts as needed', async () => {
  const { told, spare } = recorder();
  const held = Buffer.allocUnsafeSlow(100 * MB).fill(1);
  // The first look may find that the process was busy.
  for (let looks = 0; looks < 8; looks++) await spare.look();
  expect(told).toHaveLength(3);
  expect(held.at(-1)).toBe(1);
});

it('is looked for three times again after another busy time', async () => {
  const { told, spare } = recorder();
  const held = Buffer.allocUnsafeSlow(100 * MB).fill(1);
  await spare.look();
  const inVain = told.length;
  const more = Buffer.allocUnsafeSlow(100 * MB).fill(1);
  const start = process.cpuUsage();
  const spent = (): number => {
    const { user, system } = process.cpuUsage(start);
    return user + system;
  };
  while (spent() < 400_000);
  await spare.look();
  expect(told).toHaveLength(inVain);
  for (let looks = 0; looks < 8; looks++) await spare.look();
  expect(told).toHaveLength(inVain + 3);
  expect([held.at(-1), more.at(-1)]).toEqual([1, 1]);
});

it('is asked for once in a while only, as long as the process is at rest', async () => {
  const { spare } = recorder();
  const asked = vi.spyOn(process.memoryUsage, 'rss');
  onTestFinished(() => asked.mockRestore());
  // The first look may find that the process was busy.
  for (let looks = 0; looks < 17; looks++) await spare.look();
  // Once and again after eight times; more often where there was something to give back.
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2);
  expect(asked.mock.calls.length).toBeLessThan(12);
});
