import { IdMap } from '../bytes/id-map.ts';
import type { EncoderEntry } from './encoder-table.ts';
import { QPACK_DECODER_STREAM_ERROR, QpackError } from './errors.ts';

/** A field section that refers to the dynamic table. */
interface SentSection {
  readonly requiredInsertCount: number;
  /** What it refers to, an entry as often as it is referred to. */
  readonly references: readonly EncoderEntry[];
  /** That of the same stream behind it: trailers, or the head behind an interim response. */
  next: SentSection | undefined;
}

/**
 * What the encoder knows of the decoder (RFC 9204 §2.1): which sections it has not acknowledged, which inserts it is
 * known to have, and which streams could be blocked. Instructions that break a rule are raised as a QpackError with
 * QPACK_DECODER_STREAM_ERROR.
 */
export class SentSections {
  /** The oldest section of each stream. */
  readonly #streams = new IdMap<SentSection>();
  readonly #mayBlock = new Set<number>();
  // Cancelled streams, the latest of them: what we still send there is not read, and never acknowledged.
  readonly #cancelled = new Set<number>();
  #count = 0;
  #knownReceivedCount = 0;

  /** Inserts that the decoder is known to have (RFC 9204 §2.1.4). */
  get knownReceivedCount(): number {
    return this.#knownReceivedCount;
  }

  /** Whether a section on this stream may refer to the dynamic table at all: its references will be given back. */
  mayRefer(streamId: number): boolean {
    return this.#count < MOST_SECTIONS && !this.#cancelled.has(streamId);
  }

  /** Whether a section on this stream may refer to what the decoder may not have, of `limit` streams that may. */
  mayBlock(streamId: number, limit: number): boolean {
    return this.#mayBlock.size < limit || this.#mayBlock.has(streamId);
  }

  /** Takes note of a section with references; they are counted already. */
  add(streamId: number, requiredInsertCount: number, references: readonly EncoderEntry[]): void {
    const section = { requiredInsertCount, references, next: undefined };
    let last = this.#streams.get(streamId);
    while (last?.next !== undefined) last = last.next;
    if (last === undefined) this.#streams.set(streamId, section);
    else last.next = section;
    this.#count++;
    if (requiredInsertCount > this.#knownReceivedCount) this.#mayBlock.add(streamId);
  }

  /** RFC 9204 §4.4.1: the oldest section of the stream was decoded. */
  acknowledge(streamId: number): void {
    const section = this.#streams.get(streamId);
    if (section === undefined) {
      throw failed(`acknowledgment of a section on stream ${streamId}, where none is outstanding`);
    }
    if (section.next === undefined) this.#streams.delete(streamId);
    else this.#streams.set(streamId, section.next);
    this.#count--;
    release(section.references);
    if (section.requiredInsertCount > this.#knownReceivedCount) this.#received(section.requiredInsertCount);
  }

  /** RFC 9204 §4.4.2: the decoder gave up the stream, about which there may be nothing to know. */
  cancel(streamId: number): void {
    for (let section = this.#streams.get(streamId); section !== undefined; section = section.next) {
      release(section.references);
      this.#count--;
    }
    this.#streams.delete(streamId);
    this.#mayBlock.delete(streamId);
    this.#rememberCancelled(streamId);
  }

  /** RFC 9204 §4.4.3: the decoder has more inserts, of the `insertCount` that were sent. */
  increment(increment: number, insertCount: number): void {
    const received = this.#knownReceivedCount + increment;
    if (increment === 0) throw failed('insert count incremented by 0');
    if (received > insertCount) throw failed(`insert count incremented to ${received} of ${insertCount}`);
    this.#received(received);
  }

  #received(count: number): void {
    this.#knownReceivedCount = count;
    for (const streamId of this.#mayBlock) {
      if (!this.#isAtRisk(streamId)) this.#mayBlock.delete(streamId);
    }
  }

  #rememberCancelled(streamId: number): void {
    this.#cancelled.add(streamId);
    if (this.#cancelled.size <= MOST_CANCELLED) return;
    for (const oldest of this.#cancelled) {
      this.#cancelled.delete(oldest);
      return;
    }
  }

  #isAtRisk(streamId: number): boolean {
    for (let section = this.#streams.get(streamId); section !== undefined; section = section.next) {
      if (section.requiredInsertCount > this.#knownReceivedCount) return true;
    }
    return false;
  }
}

/** Gives up one reference to each of `references`. */
export function release(references: readonly EncoderEntry[]): void {
  for (const entry of references) entry.references--;
}

function failed(message: string): QpackError {
  return new QpackError(QPACK_DECODER_STREAM_ERROR, message);
}

// Bounds what a decoder that acknowledges nothing can make us remember.
const MOST_SECTIONS = 4096;

// More streams than are open at once.
const MOST_CANCELLED = 1024;
