import { describe, expect, it } from 'vitest';
import { Deadlines } from './deadlines.ts';
import { QuietWatch, Watched } from './quiet-watch.ts';

/** Calls `act` when nothing has moved. */
class Silent extends Watched {
  readonly #act: () => void;

  constructor(act: () => void) {
    super();
    this.#act = act;
  }

  onQuiet(): void {
    this.#act();
  }
}

/** Resolves with who was due, in order, once there are `count` of them. */
function dueOf(count: number, time = 30) {
  const due: string[] = [];
  let resolve: () => void = () => {};
  const all = new Promise<void>((done) => {
    resolve = done;
  });
  const deadlines = new Deadlines<string>(time, (waiter) => {
    due.push(waiter);
    if (due.length === count) resolve();
  });
  return { deadlines, due, all };
}

describe('a deadline', () => {
  it('comes for each who waits, in order and not before its time, but not for who has stopped', async () => {
    const { deadlines, due, all } = dueOf(2);
    const began = performance.now();
    const [, second] = ['a', 'b', 'c'].map((waiter) => deadlines.start(waiter));
    second?.leave();
    await all;
    expect(performance.now() - began).toBeGreaterThanOrEqual(30);
    expect(due).toEqual(['a', 'c']);
  });

  it('comes again for who starts again when it is due', async () => {
    let times = 0;
    await new Promise<void>((resolve) => {
      const deadlines = new Deadlines<string>(5, (waiter) => {
        if (++times === 3) resolve();
        else deadlines.start(waiter);
      });
      deadlines.start('a');
    });
    expect(times).toBe(3);
  });
});

describe('silence', () => {
  it('is noticed once, not before its time, and only of who was silent', async () => {
    const watch = new QuietWatch(40);
    let quiet = 0;
    const lively = new Silent(() => expect.unreachable('it was never silent'));
    const activity = setInterval(() => {
      lively.quietTicks = 0;
    }, 1);
    watch.add(lively);
    const began = performance.now();
    await new Promise<void>((resolve) => {
      const silent = new Silent(() => {
        quiet++;
        setTimeout(resolve, 60);
      });
      watch.add(silent);
    });
    expect(performance.now() - began).toBeGreaterThanOrEqual(40);
    expect(quiet).toBe(1);
    clearInterval(activity);
    lively.leave();
  });
});
