import type { FrontConnection } from './front-connection.ts';
import type { FrontContext } from './front-context.ts';

/**
 * Keeps connections to their limit. A new one over it takes the place of one that is idle; where none is, its first
 * request is answered 503 and it is closed.
 */
export class FrontDoor {
  readonly #context: FrontContext;
  #isFull = false;

  constructor(context: FrontContext) {
    this.#context = context;
  }

  /** A connection came, and is among the others already. */
  enter(connection: FrontConnection): void {
    const { connections, maxConnections, turnedAway } = this.#context;
    if (connections.size <= maxConnections) {
      if (connections.size < maxConnections * ROOMY) this.#isFull = false;
      return;
    }
    if (this.#makeRoom()) return;
    this.#tell();
    if (turnedAway.size < MOST_TURNED_AWAY) connection.turnAway();
    else connection.cut(false);
  }

  // The first of those that wait have waited longest; some of them may have begun to ask.
  #makeRoom(): boolean {
    return this.#context.idle.oldest(MOST_LOOKED_AT).some((connection) => connection.leaveIfIdle());
  }

  // Once, until there is room again.
  #tell(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    const { maxConnections, logger } = this.#context;
    logger.warn(
      { maxConnections },
      `all ${maxConnections} connections (max_connections) are in use: refusing more`,
    );
  }
}

/** The share of the limit under which there is room again, for the log. */
const ROOMY = 0.9;

/** Connections that are asked whether they are idle, before a new one is turned away. */
const MOST_LOOKED_AT = 64;

/** Connections over the limit that are told so; others are cut off without a word. */
const MOST_TURNED_AWAY = 256;
