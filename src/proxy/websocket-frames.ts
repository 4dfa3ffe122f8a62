import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';

/*
 * The header of a WebSocket frame (RFC 6455 §5.2), as far as one has to know it to find the next:
 *
 *     byte 0: FIN, RSV1–3, opcode (4 bits) · byte 1: MASK, length (7 bits)
 *     length 126: 2 bytes of length follow, 127: 8 · with MASK: 4 bytes of masking key · the payload
 */
const FIN = 0x80;
const OPCODE = 0x0f;
const CLOSE = 0x8;
const MASK = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASKING_KEY = 4;

/** Follows frames as they pass, in chunks cut anywhere. Copies nothing, and looks at nothing but headers. */
export class FrameTracker {
  #next: 'opcode' | 'length' | 'rest' | 'payload' = 'opcode';
  #opcode = 0;
  /** Of the header, yet to pass: bytes of the extended length, and of the masking key. */
  #lengthBytes = 0;
  #keyBytes = 0;
  /** Of the payload, yet to pass. */
  #payload = 0;
  #sawClose = false;

  /** Whether what has passed ends with a frame, so that another one may be put there. */
  get isBetween(): boolean {
    return this.#next === 'opcode';
  }

  /** Whether a Close frame (§5.5.1) has passed. */
  get sawClose(): boolean {
    return this.#sawClose;
  }

  /** `chunk` passes. */
  pass(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at = this.#advance(chunk, at);
  }

  /** As much of `chunk` passes as belongs to the frame that has begun; gives how many bytes that are. */
  passFrame(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length && !this.isBetween) at = this.#advance(chunk, at);
    return at;
  }

  // A byte of the header, or as much of the payload as there is. Gives where it goes on.
  #advance(chunk: Uint8Array, at: number): number {
    if (this.#next !== 'payload') {
      this.#readHeader(chunk[at] ?? 0);
      return at + 1;
    }
    const size = Math.min(this.#payload, chunk.length - at);
    this.#payload -= size;
    if (this.#payload === 0) this.#endFrame();
    return at + size;
  }

  #readHeader(byte: number): void {
    if (this.#next === 'opcode') {
      this.#opcode = byte & OPCODE;
      this.#next = 'length';
      return;
    }
    if (this.#next === 'length') this.#readLength(byte);
    else if (this.#lengthBytes > 0) {
      this.#payload = this.#payload * 256 + byte;
      this.#lengthBytes--;
    } else this.#keyBytes--;
    if (this.#lengthBytes + this.#keyBytes > 0) return;
    this.#next = 'payload';
    if (this.#payload === 0) this.#endFrame();
  }

  #readLength(byte: number): void {
    const length = byte & LENGTH;
    this.#lengthBytes = length === LENGTH_16 ? 2 : length === LENGTH_64 ? 8 : 0;
    this.#keyBytes = byte & MASK ? MASKING_KEY : 0;
    this.#payload = this.#lengthBytes > 0 ? 0 : length;
    this.#next = 'rest';
  }

  #endFrame(): void {
    this.#next = 'opcode';
    if (this.#opcode === CLOSE) this.#sawClose = true;
  }
}

/** Code of an end that goes away, as a server that stops (§7.4.1). */
const GOING_AWAY = 1001;

/** A Close frame (§5.5.1) that says so. `masked`: as a client must send it (§5.3). */
export function goingAway(masked: boolean): Buffer {
  const payload = Buffer.from('  the tunnel shuts down');
  payload.writeUInt16BE(GOING_AWAY);
  if (!masked) return Buffer.concat([Buffer.of(FIN | CLOSE, payload.length), payload]);
  const key = randomBytes(MASKING_KEY);
  for (const [at, byte] of payload.entries()) payload[at] = byte ^ (key[at % MASKING_KEY] ?? 0);
  return Buffer.concat([Buffer.of(FIN | CLOSE, MASK | payload.length), key, payload]);
}
