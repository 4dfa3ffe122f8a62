import { writeSync } from 'node:fs';

/** Most bytes that wait for a reader that does not keep up, and how often it is asked again, milliseconds. */
const MAX_HELD = 1_048_576;
const RETRY_AFTER = 20;

/** Writes bytes and says how many; throws the system's error. */
export type Write = (bytes: Uint8Array) => number;

/**
 * Where log lines go. A line is written at once, so that a program that dies does not take its last words along. Where
 * that cannot be, the program goes on all the same: lines for which the disk is full, or which nobody reads any more, are
 * lost; those for a reader that is slow wait, up to a bound, without anybody waiting for them.
 */
export class LogOutput {
  readonly #write: Write;
  readonly #onLoss: (lines: number, code: string) => void;
  /** What is not written yet, in order. */
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  #lostTo = '';
  /** The last line was written, or could not be. */
  #written = false;
  /** The last line was written in part. */
  #torn = false;

  /** `onLoss` is called once lines can be written again, with how many were not and why, e.g. ENOSPC. */
  constructor(write: Write, onLoss: (lines: number, code: string) => void) {
    this.#write = write;
    this.#onLoss = onLoss;
  }

  /** Takes a whole line, with its end. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#heldBytes + bytes.length > MAX_HELD) {
      this.#lose('EAGAIN');
      return;
    }
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#timer === undefined) this.flush();
  }

  /** Writes what waits, as far as it can be. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (let line = this.#held.shift(); line !== undefined; line = this.#held.shift()) {
      const left = this.#put(line);
      this.#heldBytes -= line.length - left.length;
      if (left.length === 0) continue;
      this.#held.unshift(left);
      this.#timer = setTimeout(() => this.flush(), RETRY_AFTER).unref();
      return;
    }
    if (this.#lost > 0 && this.#written) this.#tellLoss();
  }

  /** Returns what has to wait: nothing when the line was written, or is lost. */
  #put(line: Buffer): Buffer {
    let left = line;
    this.#written = false;
    try {
      if (this.#torn) this.#write(LINE_END);
      this.#torn = false;
      while (left.length > 0) left = left.subarray(this.#write(left));
      this.#written = true;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EAGAIN') return left;
      this.#torn ||= left.length < line.length;
      this.#lose(code);
      return NOTHING;
    }
    return left;
  }

  #lose(code: string): void {
    this.#lost++;
    this.#lostTo = code;
  }

  #tellLoss(): void {
    const lost = this.#lost;
    this.#lost = 0;
    this.#onLoss(lost, this.#lostTo);
  }
}

const LINE_END = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Writes to a file descriptor. */
export function toDescriptor(descriptor: number): Write {
  return (bytes) => writeSync(descriptor, bytes);
}
