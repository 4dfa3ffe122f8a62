/** An end under attack, seen from outside: its memory, its event loop, what its guards count. */
import { freePort, residentMemory } from '../programs.ts';

/** How often it is looked at, milliseconds. */
const INTERVAL = 500;

export interface Observation {
  /** Resident memory, bytes: at the beginning, and at most. */
  readonly before: number;
  readonly most: number;
  /** Longest time that the event loop was late, ms. */
  readonly delay: number;
  /** Datagrams dropped, by reason. */
  readonly drops: ReadonlyMap<string, number>;
}

export class Observed {
  readonly #pid: () => number;
  readonly port: number;

  static async create(pid: () => number): Promise<Observed> {
    return new Observed(await freePort(), pid);
  }

  private constructor(port: number, pid: () => number) {
    this.port = port;
    this.#pid = pid;
  }

  get memory(): number {
    return residentMemory(this.#pid());
  }

  /** Looks on while `action` runs. */
  async during<T>(action: () => Promise<T>): Promise<{ readonly result: T; readonly seen: Observation }> {
    const start = await this.#metrics();
    const before = this.memory;
    let most = before;
    let delay = 0;
    const look = async (): Promise<void> => {
      most = Math.max(most, this.memory);
      delay = Math.max(delay, (await this.#metrics()).delay);
    };
    const timer = setInterval(() => void look().catch(() => {}), INTERVAL);
    const result = await action();
    clearInterval(timer);
    await look();
    const drops = new Map<string, number>();
    for (const [reason, count] of (await this.#metrics()).drops) {
      const more = count - (start.drops.get(reason) ?? 0);
      if (more > 0) drops.set(reason, more);
    }
    return { result, seen: { before, most, delay, drops } };
  }

  async #metrics(): Promise<{ readonly delay: number; readonly drops: ReadonlyMap<string, number> }> {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
    const delay = Number(/^ptproxy_event_loop_delay_max_seconds ([\d.e+-]+)$/m.exec(text)?.[1] ?? 0) * 1000;
    const drops = new Map<string, number>();
    const lines = text.matchAll(/^ptproxy_datagrams_dropped_total\{reason="(\w+)"\} (\d+)$/gm);
    for (const [, reason = '', count] of lines) drops.set(reason, Number(count));
    const retries = /^ptproxy_retries_total (\d+)$/m.exec(text)?.[1];
    drops.set('(Retry)', Number(retries ?? 0));
    return { delay, drops };
  }
}
