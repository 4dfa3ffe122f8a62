import { Buffer } from 'node:buffer';
import type { EngineConnection } from './native.ts';
import type { Stream } from './stream.ts';

const EMPTY = Buffer.alloc(0);

/**
 * Streams that we opened, and that the engine may not know of: what is sent of one makes it exist there, and mostly comes at
 * once.
 */
export class FreshStreams {
  readonly #engine: Pick<EngineConnection, 'streamSend'>;
  readonly #streams: Stream[] = [];

  constructor(engine: Pick<EngineConnection, 'streamSend'>) {
    this.#engine = engine;
  }

  add(stream: Stream): void {
    this.#streams.push(stream);
  }

  /**
   * Makes those exist of which the engine was given nothing, by an empty write: a skipped identifier would cost the peer's credit
   * for good. To be called after the engine was given what there was, and before any question about them.
   */
  makeKnown(): void {
    if (this.#streams.length === 0) return;
    for (const { id, given, phase } of this.#streams) {
      if (given === 0 && phase !== 'done') this.#engine.streamSend(id, EMPTY, false);
    }
    this.#streams.length = 0;
  }
}
