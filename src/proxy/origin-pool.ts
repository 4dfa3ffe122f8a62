import { performance } from 'node:perf_hooks';
import { type ConnectionOwner, OriginConnection, type OriginConnectionOptions } from './origin-connection.ts';

/**
 * Connections to the origin, kept for the next request. They are given up early, before the origin may do it: a request
 * written to a connection that is just being closed could not be sent again.
 */
export class OriginPool implements ConnectionOwner {
  readonly #options: OriginConnectionOptions;
  /** All that there are. */
  readonly #all = new Set<OriginConnection>();
  /** Those without request; the last one became free last. */
  readonly #idle: IdleConnection[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due. */
  #due = Number.POSITIVE_INFINITY;

  constructor(options: OriginConnectionOptions) {
    this.#options = options;
  }

  /** How many there are, by whether a request uses them. */
  get connections(): { readonly busy: number; readonly idle: number } {
    return { busy: this.#all.size - this.#idle.length, idle: this.#idle.length };
  }

  /** A connection for a request: the one that became free last, or a new one. */
  take(): OriginConnection {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle.connection;
    const made = new OriginConnection(this.#options, this);
    this.#all.add(made);
    return made;
  }

  /** Breaks all of them off. */
  destroy(): void {
    clearTimeout(this.#timer);
    this.#due = Number.POSITIVE_INFINITY;
    for (const connection of this.#all) connection.destroy();
  }

  onFree(connection: OriginConnection, keepFor: number): void {
    if (this.#idle.length >= MAX_IDLE) {
      connection.destroy();
      return;
    }
    const until = performance.now() + keepFor;
    this.#idle.push({ connection, until });
    if (until < this.#due) this.#arm(until, keepFor);
  }

  onClosed(connection: OriginConnection): void {
    this.#all.delete(connection);
    const at = this.#idle.findIndex((idle) => idle.connection === connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  // One timer for all. It is mostly early, as the connection that it was set for has been used meanwhile.
  #arm(due: number, delay: number): void {
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(this.#onTimer, delay).unref();
  }

  readonly #onTimer = (): void => {
    const now = performance.now();
    let next = Number.POSITIVE_INFINITY;
    // Those that are broken off leave the list at once.
    for (const { connection, until } of [...this.#idle]) {
      if (until <= now) connection.destroy();
      else next = Math.min(next, until);
    }
    if (next < Number.POSITIVE_INFINITY) this.#arm(next, next - now);
    else this.#due = next;
  };
}

interface IdleConnection {
  readonly connection: OriginConnection;
  /** On the clock of `performance`. */
  readonly until: number;
}

const MAX_IDLE = 256;
