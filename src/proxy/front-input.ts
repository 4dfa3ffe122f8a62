import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { FrontContext } from './front-context.ts';
import { type RequestEvents, RequestParser } from './request-parser.ts';
import { ownedBytes } from './shared-reading.ts';

/** Who reads what a client sends. */
export interface InputEvents extends RequestEvents {
  /** The request is complete. */
  onRequestEnd(trailers: readonly string[]): void;
  /** What came cannot be read as a request: the Rejection that says why, or a fault of ours. */
  onFault(error: unknown): void;
}

/**
 * What a client sends on a connection, read request by request: the next one when it is asked for. What comes ahead of
 * that waits here, up to a bound, and then in the socket; so the end of a client that has gone is seen all the same.
 */
export class FrontInput {
  readonly #socket: Socket;
  readonly #events: InputEvents;
  readonly #parser: RequestParser;
  #unread: Buffer[] = [];
  #length = 0;
  /** The next request is wanted. */
  #isWanted = false;
  #isReading = false;
  #isDiscarding = false;

  constructor(socket: Socket, { limits }: FrontContext, events: InputEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#parser = new RequestParser(limits.maxHeaderSize);
  }

  /** Whether nothing has come of a request that was not told of. */
  get isIdle(): boolean {
    return this.#length === 0 && this.#parser.isUntouched;
  }

  /** Reads the next request. */
  next(): void {
    this.#isWanted = true;
    this.#parser.isHeld = false;
    this.#readOn();
  }

  /** The socket has these, in memory that may be used again afterwards. */
  push(bytes: Buffer): void {
    if (this.#isDiscarding) return;
    this.#unread.push(bytes);
    this.#length += bytes.length;
    this.#readOn();
    this.#keep();
    if (this.#length >= MAX_AHEAD || this.#unread.length >= MAX_PIECES) this.#socket.pause();
  }

  /** Reads no more content for now. */
  hold(): void {
    this.#parser.isHeld = true;
  }

  /** Reads on after `hold`. */
  release(): void {
    if (!this.#parser.isHeld) return;
    this.#parser.isHeld = false;
    this.#readOn();
  }

  /** All that comes from here on is dropped. */
  discard(): void {
    this.#isDiscarding = true;
    this.#parser.abandon();
    this.take();
    this.#socket.resume();
  }

  /** Gives what has come and was not read: it is somebody else's now. */
  take(): Buffer {
    const rest = Buffer.concat(this.#unread);
    this.#unread = [];
    this.#length = 0;
    return rest;
  }

  #readOn(): void {
    // Whoever hears of something may ask for more at once: that is done behind it.
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      while (this.#step());
    } catch (error) {
      this.#parser.abandon();
      this.#events.onFault(error);
    }
    this.#isReading = false;
    if (this.#length < MAX_AHEAD && this.#unread.length < MAX_PIECES && this.#socket.isPaused())
      this.#socket.resume();
  }

  #step(): boolean {
    if (this.#parser.isComplete) {
      if (!this.#isWanted || this.#isDiscarding) return false;
      this.#isWanted = false;
      this.#parser.begin(this.#events);
    }
    const [bytes] = this.#unread;
    if (bytes === undefined || this.#parser.isHeld) return false;
    const used = this.#parser.feed(bytes);
    if (this.#isDiscarding) return false;
    this.#use(bytes, used);
    if (this.#parser.isComplete) this.#events.onRequestEnd(this.#parser.takeTrailers());
    return true;
  }

  // What is left of the latest piece.
  #keep(): void {
    const last = this.#unread.pop();
    if (last !== undefined) this.#unread.push(ownedBytes(last));
  }

  #use(bytes: Buffer, used: number): void {
    this.#length -= used;
    if (used === bytes.length) this.#unread.shift();
    else this.#unread[0] = bytes.subarray(used);
  }
}

// What may have come ahead of its time: bytes, and pieces of them.
const MAX_AHEAD = 65_536;
const MAX_PIECES = 64;
