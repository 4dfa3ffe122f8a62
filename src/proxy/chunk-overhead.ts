import type { IncomingMessage } from 'node:http';

/**
 * Bounds what a chunked request spends on other things than content: chunk extensions (RFC 9112 §7.1.1), which llhttp
 * drops but bounds only chunk by chunk, and leading zeros of chunk sizes.
 *
 * The parser does not tell where in the socket's bytes it is, but the count of bytes read does, each time that more
 * were read: by then it had parsed all of the earlier ones.
 */
export class ChunkOverhead {
  readonly #request: IncomingMessage;
  readonly #headStart: number;
  /** Where the content begins; found when there is any. */
  #start: number | undefined;
  #parsed = 0;
  #content = 0;
  #chunks = 0;

  /** `start`: how many bytes the socket had read where the request begins, or more when that is not known. */
  constructor(request: IncomingMessage, start: number) {
    this.#request = request;
    this.#headStart = start;
    this.#parsed = request.socket.bytesRead;
  }

  /** Content comes. `false`: too much else came before it. */
  allows(chunk: Uint8Array): boolean {
    const { bytesRead } = this.#request.socket;
    // Counted first: it may have been read long ago.
    this.#content += chunk.length;
    this.#chunks++;
    const isWithin = bytesRead === this.#parsed || this.#isWithin(this.#parsed);
    this.#parsed = bytesRead;
    return isWithin;
  }

  /** The message is complete. `alone`: nothing that came behind it was read with it. */
  allowsEnd(alone: boolean): boolean {
    const { rawTrailers, socket } = this.#request;
    const trailers = sizeOf(rawTrailers);
    return this.#isWithin((alone ? socket.bytesRead : this.#parsed) - trailers);
  }

  // What waits to be taken may be chunks of a byte each.
  #isWithin(parsed: number): boolean {
    this.#start ??= this.#headStart + headSize(this.#request);
    const waiting = this.#request.readableLength;
    const overhead = parsed - this.#start - this.#content - waiting;
    return overhead <= MAX_EXTENSIONS + (this.#chunks + waiting) * CHUNK_FRAMING;
  }
}

const MAX_EXTENSIONS = 4096;

// Two line ends and a size of up to eight digits.
const CHUNK_FRAMING = 12;

function headSize(request: IncomingMessage): number {
  const { method = '', url = '', rawHeaders } = request;
  return method.length + url.length + REQUEST_LINE_REST + sizeOf(rawHeaders);
}

// Two spaces, the version, and two line ends.
const REQUEST_LINE_REST = 14;

function sizeOf(raw: readonly string[]): number {
  let size = raw.length * 2;
  for (const part of raw) size += part.length;
  return size;
}
