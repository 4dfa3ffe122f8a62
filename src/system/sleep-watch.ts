import { atEachBeat, BEAT } from './heartbeat.ts';

/** From how much on time is missing, milliseconds. */
const MISSING = 2000;

/** Both clocks, milliseconds: the wall clock goes on while a machine is suspended, the monotonic one may stand still. */
export interface Clocks {
  readonly wall: () => number;
  readonly monotonic: () => number;
}

/** Finds out that the machine, or this process alone, did not run for a while. */
export class SleepDetector {
  readonly #clocks: Clocks;
  #wall: number;
  #monotonic: number;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#wall = clocks.wall();
    this.#monotonic = clocks.monotonic();
  }

  /** Called every second. For how long nothing ran (ms), if it was long enough to matter; a clock that was set looks the same. */
  look(): number | undefined {
    const wall = this.#clocks.wall();
    const monotonic = this.#clocks.monotonic();
    const late = Math.max(wall - this.#wall, monotonic - this.#monotonic) - BEAT;
    this.#wall = wall;
    this.#monotonic = monotonic;
    return late >= MISSING ? late : undefined;
  }
}

/** Tells after each sleep of more than two seconds how long it was, milliseconds, within a second of waking up. */
export function watchForSleep(onAwake: (asleep: number) => void): { stop(): void } {
  const detector = new SleepDetector({ wall: () => Date.now(), monotonic: () => performance.now() });
  const stop = atEachBeat(() => {
    const asleep = detector.look();
    if (asleep !== undefined) onAwake(asleep);
  });
  return { stop };
}
