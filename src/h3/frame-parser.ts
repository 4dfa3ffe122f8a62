import { readVarint, varintLengthFrom } from '../bytes/varint.ts';
import { FrameType, frameKind } from './frames.ts';
import { HeldBytes } from './held-bytes.ts';

/**
 * What {@link FrameParser.next} found:
 * - `more`: everything fed was used up;
 * - `start`: a frame's header, in `type` and `length`; always before its payload;
 * - `oversized`: the same, of a frame that would be buffered and is over the bound: its payload is skipped;
 * - `piece`: content of a DATA frame as far as it is there, in `payload`;
 * - `frame`: the whole payload of a frame of another known type, in `payload`.
 */
export type ParserStep = 'more' | 'start' | 'oversized' | 'piece' | 'frame';

/**
 * Splits the bytes of one stream into frames (RFC 9114 §7.1), however they are cut. DATA passes through in pieces
 * on the same memory; frames of unknown type are skipped; of the others the payload is gathered up to a bound, in
 * memory that grows with what arrives and never by a length from the wire.
 *
 * Results stand in fields rather than in objects, so that a chunk costs no allocation.
 */
export class FrameParser {
  /** Of the frame being read. */
  type = 0;
  /** Payload bytes that the frame being read declares. */
  length = 0;
  /** Of the last `piece` or `frame`. */
  payload: Uint8Array = EMPTY;

  readonly #maxPayload: number;
  #input: Uint8Array = EMPTY;
  #offset = 0;
  /** Of a frame's header that is cut. */
  #header = EMPTY;
  #headerLength = 0;
  // Of the payload: what becomes of it, bytes still to come, and those gathered so far.
  #mode: 'none' | 'pass' | 'skip' | 'gather' = 'none';
  #remaining = 0;
  #gathered: Uint8Array = EMPTY;
  #gatheredLength = 0;

  readonly #budget: HeldBytes;

  /** `maxPayload`: most bytes that a frame other than DATA may have to be gathered; `budget` bounds those of all parsers that share it. */
  constructor(maxPayload: number, budget: HeldBytes = new HeldBytes()) {
    this.#maxPayload = maxPayload;
    this.#budget = budget;
  }

  /** Lets go of a frame that will never be complete. The parser is of no use afterwards. */
  abandon(): void {
    this.#budget.release(this.#gatheredLength);
    this.#gatheredLength = 0;
    this.#gathered = EMPTY;
    this.#letGo();
  }

  /** Whether the stream may end here: no frame has begun that is not complete. */
  get betweenFrames(): boolean {
    return this.#mode === 'none' && this.#headerLength === 0;
  }

  /** Whether some of what was fed is not used up yet. */
  get hasInput(): boolean {
    return this.#offset < this.#input.length;
  }

  /** Takes the next bytes; only after `next` has said `more`. The chunk is kept, never changed. */
  feed(chunk: Uint8Array): void {
    this.#input = chunk;
    this.#offset = 0;
  }

  /** Goes on to the next thing worth telling. */
  next(): ParserStep {
    const step = this.#advance();
    if (step === 'more') this.#letGo();
    return step;
  }

  #advance(): ParserStep {
    for (;;) {
      switch (this.#mode) {
        case 'none':
          return this.#readHeader() ? this.#startPayload() : 'more';
        case 'skip':
          if (!this.#skip()) return 'more';
          break;
        case 'pass':
          if (this.#remaining > 0) return this.#pass();
          this.#mode = 'none';
          break;
        case 'gather':
          return this.#gather() ? 'frame' : 'more';
      }
    }
  }

  #readHeader(): boolean {
    return (this.#headerLength === 0 && this.#readWholeHeader()) || this.#gatherHeader();
  }

  // As nearly always.
  #readWholeHeader(): boolean {
    const input = this.#input;
    const start = this.#offset;
    const lengthAt = start + varintLengthFrom(input[start] ?? 0);
    const end = lengthAt + varintLengthFrom(input[lengthAt] ?? 0);
    if (end > input.length) return false;
    this.type = readVarint(input, start);
    this.length = readVarint(input, lengthAt);
    this.#offset = end;
    return true;
  }

  // Type and Length are gathered byte by byte, wherever they are cut: they are two to four bytes as a rule.
  #gatherHeader(): boolean {
    if (this.#header.length === 0 && this.hasInput) this.#header = new Uint8Array(MOST_HEADER);
    while (this.#offset < this.#input.length) {
      this.#header[this.#headerLength++] = this.#input[this.#offset++] as number;
      if (this.#headerLength === this.#headerSize()) {
        this.type = readVarint(this.#header, 0);
        this.length = readVarint(this.#header, varintLengthFrom(this.#header[0] as number));
        this.#headerLength = 0;
        return true;
      }
    }
    return false;
  }

  // Bytes of the header, as far as those read so far tell.
  #headerSize(): number {
    const typeLength = varintLengthFrom(this.#header[0] as number);
    if (this.#headerLength <= typeLength) return typeLength + 1;
    return typeLength + varintLengthFrom(this.#header[typeLength] as number);
  }

  #startPayload(): 'start' | 'oversized' {
    this.#remaining = this.length;
    if (this.type === FrameType.DATA) this.#mode = 'pass';
    else if (frameKind(this.type) !== 'known') this.#mode = 'skip';
    else if (this.length <= this.#maxPayload) this.#mode = 'gather';
    else {
      this.#mode = 'skip';
      return 'oversized';
    }
    return 'start';
  }

  #skip(): boolean {
    this.#take();
    if (this.#remaining > 0) return false;
    this.#mode = 'none';
    return true;
  }

  #pass(): 'piece' | 'more' {
    if (!this.hasInput) return 'more';
    this.payload = this.#take();
    if (this.#remaining === 0) this.#mode = 'none';
    return 'piece';
  }

  #gather(): boolean {
    const part = this.#take();
    if (this.#gatheredLength === 0 && this.#remaining === 0) this.payload = part;
    else this.#append(part);
    if (this.#remaining > 0) return false;
    if (this.#gatheredLength > 0) this.payload = this.#gathered.subarray(0, this.#gatheredLength);
    this.#budget.release(this.#gatheredLength);
    this.#gathered = EMPTY;
    this.#gatheredLength = 0;
    this.#mode = 'none';
    return true;
  }

  // What is there of the payload, as a view.
  #take(): Uint8Array {
    const count = Math.min(this.#remaining, this.#input.length - this.#offset);
    const start = this.#offset;
    this.#offset += count;
    this.#remaining -= count;
    return start === 0 && count === this.#input.length
      ? this.#input
      : this.#input.subarray(start, this.#offset);
  }

  // An idle stream must not keep its last chunk in memory.
  #letGo(): void {
    this.#input = EMPTY;
    this.#offset = 0;
    this.payload = EMPTY;
  }

  #append(part: Uint8Array): void {
    this.#budget.hold(part.length);
    const needed = this.#gatheredLength + part.length;
    if (needed > this.#gathered.length) {
      const larger = new Uint8Array(Math.min(Math.max(needed, 2 * this.#gathered.length), this.#maxPayload));
      larger.set(this.#gathered.subarray(0, this.#gatheredLength));
      this.#gathered = larger;
    }
    this.#gathered.set(part, this.#gatheredLength);
    this.#gatheredLength = needed;
  }
}

const EMPTY = new Uint8Array(0);

/** Two integers (RFC 9000 §16). */
const MOST_HEADER = 16;
