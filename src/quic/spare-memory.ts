import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { loadedSystemCalls, loadSystemCalls } from '../linux/system-calls.ts';
import { searchWhole } from './engine-memory.ts';
import type { Logger } from './log.ts';

/** How often to look, milliseconds: whoever has a clock that does calls {@link SpareMemory.look}. */
export const LOOK_FOR_MEMORY = 2000;

/** Resident memory beyond what was needed before, bytes, that is worth some tens of milliseconds. */
const WORTH = 6 * 2 ** 20;

/** So often it is tried after one busy time: what the first search has freed, the second finds together. */
const ROUNDS = 3;

/**
 * What the allocator may keep at the end of each thread's memory, bytes: next to nothing when a busy time is over, and as much as it
 * comes to by itself while there is one. Uploads are a tenth slower when what was just given back has to be had again.
 */
const KEPT = { calm: 2 ** 17, busy: 2 ** 26 };

/** Below this share of a processor the process has time for it, and below that it is at rest: its memory stays as it was. */
const CALM = 0.1;
const REST = 0.01;

/** At rest, only every so many times memory is asked for, which takes as long as a keep-alive. */
const SELDOM = 8;

/**
 * Gives memory back when a busy time is over. The garbage collector has no reason to look as long as nothing is asked of it, and
 * what it and the engine free stays with the allocator, in thousands of pieces that only malloc_trim(3) returns to the system.
 */
export class SpareMemory {
  readonly #logger: Logger;
  #needed = residentMemory() ?? 0;
  #rounds = 0;
  /** The allocator keeps little. */
  #isThrifty = false;
  #usage = process.cpuUsage();
  /** How often there has been nothing to do, one time after the other. */
  #settled = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  async look(): Promise<void> {
    const share = this.#share();
    if (share < REST && this.#settled > 0 && this.#settled++ % SELDOM !== 0) return;
    this.#settled = 0;
    const resident = residentMemory();
    if (resident === undefined) return;
    this.#needed = Math.min(this.#needed, resident);
    const isCalm = share < CALM;
    if (!isCalm) this.#isBusy();
    else if (resident < this.#needed + WORTH) this.#settled = 1;
    if (!isCalm || this.#settled > 0) return;
    await this.#giveBack(resident);
    this.#rounds++;
    if (this.#rounds % ROUNDS === 0) this.#needed = residentMemory() ?? this.#needed;
  }

  /** Of a processor, since the last time. */
  #share(): number {
    const { user, system } = this.#usage;
    this.#usage = process.cpuUsage();
    return (this.#usage.user + this.#usage.system - user - system) / (LOOK_FOR_MEMORY * 1000);
  }

  #isBusy(): void {
    this.#rounds = 0;
    if (this.#isThrifty) loadedSystemCalls()?.keepFree(KEPT.busy);
    this.#isThrifty = false;
  }

  async #giveBack(before: number): Promise<void> {
    const start = performance.now();
    // Without the calls, what the allocator keeps stays where it is.
    const calls = await loadSystemCalls().catch(() => undefined);
    calls?.keepFree(KEPT.calm);
    this.#isThrifty = true;
    searchWhole();
    calls?.trim();
    const after = residentMemory();
    const milliseconds = Math.round(performance.now() - start);
    this.#logger.debug({ before, after, milliseconds }, 'a busy time is over: memory is given back');
  }
}

/** Bytes; `undefined` when the process has no descriptor left, for it is read from a file. */
function residentMemory(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}
