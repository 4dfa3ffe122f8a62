/** What a pair costs that has nothing to do, and how soon it is there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isProxy, type Part, running } from '../part.ts';
import { cpuTime, residentMemory } from '../programs.ts';

/** After the start, milliseconds: what V8 does then comes ten seconds after it, in slow hours a little later. */
const SETTLING = 15_000;

export const idle: Part = {
  name: 'idle',
  takes: isProxy,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async ({ ends, startUp }) => {
      if (ends === undefined || startUp === undefined) return {};
      // What follows the start belongs to the start: V8 collects what that left behind when nothing has happened for a while.
      await sleep(SETTLING);
      const seconds = quick ? 3 : 15;
      const before = [cpuTime(ends.client), cpuTime(ends.server)] as const;
      await sleep(seconds * 1000);
      const share = (now: number, then: number): number => ((now - then) / (seconds * 1e6)) * 100;
      return {
        'client start-up (ms)': startUp.client,
        'server start-up (ms)': startUp.server,
        'client idle CPU (% of a core)': share(cpuTime(ends.client), before[0]),
        'server idle CPU (% of a core)': share(cpuTime(ends.server), before[1]),
        'client idle memory (MB)': residentMemory(ends.client) / 1e6,
        'server idle memory (MB)': residentMemory(ends.server) / 1e6,
      };
    }),
};
