/** A field section that waits for the encoder stream. */
export interface BlockedSection {
  readonly bytes: Uint8Array;
  readonly requiredInsertCount: number;
}

/**
 * Field sections whose entries are still on their way (RFC 9204 §2.2.1), at most one per stream, as a stream goes on
 * only after it. Bounded in number by what we announced, and in bytes.
 */
export class BlockedSections {
  readonly #maxStreams: number;
  readonly #maxBytes: number;
  readonly #waiting = new Map<number, BlockedSection>();
  readonly #unblocked = new Map<number, BlockedSection>();
  #bytes = 0;

  constructor(maxStreams: number, maxBytes: number) {
    this.#maxStreams = maxStreams;
    this.#maxBytes = maxBytes;
  }

  /** Whether one more stream would be more than we announced. */
  get full(): boolean {
    return this.#waiting.size >= this.#maxStreams;
  }

  /** Keeps a copy of a section; false when there is no memory left for it. */
  add(streamId: number, bytes: Uint8Array, requiredInsertCount: number): boolean {
    if (this.#bytes + bytes.length > this.#maxBytes) return false;
    this.#waiting.set(streamId, { bytes: new Uint8Array(bytes), requiredInsertCount });
    this.#bytes += bytes.length;
    return true;
  }

  /** The streams whose sections can be decoded with `insertCount` entries, and could not before. */
  unblock(insertCount: number): readonly number[] {
    if (this.#waiting.size === 0) return NONE;
    const streamIds: number[] = [];
    for (const [streamId, section] of this.#waiting) {
      if (section.requiredInsertCount > insertCount) continue;
      this.#waiting.delete(streamId);
      this.#unblocked.set(streamId, section);
      streamIds.push(streamId);
    }
    return streamIds;
  }

  /** Removes and returns the section of a stream that {@link BlockedSections.unblock} named. */
  take(streamId: number): BlockedSection | undefined {
    const section = this.#unblocked.get(streamId);
    this.#forget(this.#unblocked, streamId, section);
    return section;
  }

  /** Forgets the section of a stream, if it has one. */
  drop(streamId: number): void {
    this.#forget(this.#waiting, streamId, this.#waiting.get(streamId));
    this.#forget(this.#unblocked, streamId, this.#unblocked.get(streamId));
  }

  #forget(from: Map<number, BlockedSection>, streamId: number, section: BlockedSection | undefined): void {
    if (section === undefined) return;
    from.delete(streamId);
    this.#bytes -= section.bytes.length;
  }
}

const NONE: readonly number[] = [];
