import type { EngineConnection } from './native.ts';
import type { StreamId } from './port.ts';

type EngineList = ReturnType<EngineConnection['readable']>;

/** A list of streams that the engine made, gone through in parts. */
export class StreamList {
  /** Its iterator reads memory that goes with the list, and does not keep the list from the garbage collector. */
  readonly list: EngineList;
  readonly #iterator: Iterator<StreamId>;

  constructor(list: EngineList) {
    this.list = list;
    this.#iterator = list[Symbol.iterator]();
  }

  /** `undefined` at its end. */
  next(): StreamId | undefined {
    const { value, done } = this.#iterator.next();
    return done === true ? undefined : value;
  }
}
