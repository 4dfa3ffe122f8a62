import { expect, it } from 'vitest';
import { EndOfTurn } from './turn.ts';

const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let now = 0;
const clock = (): number => now;

/** Work that takes a while. */
function take(milliseconds: number): void {
  now += milliseconds;
}

it('does at the end of the turn, once, what was asked for several times', async () => {
  const done: string[] = [];
  const work = new EndOfTurn<string>((item) => done.push(item), clock);
  for (const item of ['a', 'b', 'a']) work.add(item);
  await tick();
  expect(done).toEqual([]);
  await turn();
  expect(done).toEqual(['a', 'b']);
});

it('does not wait for the end of a turn that takes long', async () => {
  const done: string[] = [];
  const work = new EndOfTurn<string>((item) => done.push(item), clock);
  work.add('a');
  take(2);
  for (const item of ['b', 'a', 'c', 'b']) work.add(item);
  expect(done).toEqual([]);
  await tick();
  expect(done).toEqual(['a', 'b', 'c']);
  await turn();
  expect(done).toEqual(['a', 'b', 'c']);
});

it('leaves to the next turn what the work itself asks for, however long it takes', async () => {
  let runs = 0;
  const work = new EndOfTurn<string>((item) => {
    runs++;
    take(2);
    work.add(item);
    take(2);
    work.add(item);
  }, clock);
  work.add('a');
  await turn();
  expect(runs).toBe(1);
  await turn();
  expect(runs).toBe(2);
});
