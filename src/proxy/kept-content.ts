import type { RequestStream } from '../h3/port.ts';

/**
 * Most content of a request that is kept, bytes. Only requests that have a stream and wait for their answer keep any,
 * so that all of them keep no more than this times the streams that the peer allows.
 */
const CAPACITY = 65_536;

/**
 * What was sent of a request's content, while it is little and nothing has been answered: with it a request can be sent
 * again that the other end provably never touched.
 */
export class KeptContent {
  #chunks: Uint8Array[] = [];
  #length = 0;
  #isWhole = true;

  /** Whether it is all that was sent. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** `chunk` is being sent. */
  add(chunk: Uint8Array): void {
    if (!this.#isWhole) return;
    this.#length += chunk.length;
    if (this.#length > CAPACITY) this.drop();
    else this.#chunks.push(chunk);
  }

  /** It will not be sent again. */
  drop(): void {
    if (!this.#isWhole) return;
    this.#isWhole = false;
    this.#chunks = [];
  }

  /** Sends all of it. `false`: the stream has enough for now. */
  sendTo(stream: RequestStream): boolean {
    let hasRoom = true;
    for (const chunk of this.#chunks) hasRoom = stream.sendData(chunk);
    return hasRoom;
  }
}
