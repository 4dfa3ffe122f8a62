import type { EngineConnection } from './native.ts';

/**
 * Changes of the peer's address after which a connection is replaced. The engine keeps every address as a path, can
 * follow as many as there may be connection IDs (64), and is asked about each of them again and again.
 */
const ADDRESSES = 16;

/** Counts the addresses that a peer has been seen at, as NAT makes them up. */
export class PathCount {
  readonly #onWorn: () => void;
  #paths = 0;

  /** `onWorn` is told once, when it is time for another connection. */
  constructor(onWorn: () => void) {
    this.#onWorn = onWorn;
  }

  /** Takes the engine's news of paths: they are kept until they are taken. */
  drain(engine: Pick<EngineConnection, 'pathEventNext'>): void {
    for (let event = engine.pathEventNext(); event !== null; event = engine.pathEventNext()) {
      if (event.type === 'New' && ++this.#paths === ADDRESSES) this.#onWorn();
    }
  }
}
